import BaseDirectories
public import Foundation
import NIOSSL

/// The certificate by which clients know a server, and the key that belongs to it: for https.
public struct ServerIdentity: Sendable {
    let configuration: TLSConfiguration
    /// When the certificate, or one above it that came along, ceases to be good.
    public let expiration: Date

    /// Reads both once; a renewed certificate needs a new start.
    ///
    /// - Parameters:
    ///   - certificateFile: PEM; the server's own certificate first, behind it those that vouch for it.
    ///   - keyFile: PEM, without a passphrase.
    /// - Throws: `ServerIdentityError`, which names the file and what is wrong with it.
    public init(certificateFile: String, keyFile: String) throws(ServerIdentityError) {
        let certificates: [NIOSSLCertificate]
        do {
            certificates = try NIOSSLCertificate.fromPEMBytes(ServerIdentity.bytes(of: certificateFile))
        } catch let error as ServerIdentityError {
            throw error
        } catch {
            throw .noCertificate(file: certificateFile)
        }
        guard let expiration = certificates.map(\.notValidAfter).min() else {
            throw .noCertificate(file: certificateFile)
        }
        let key: NIOSSLPrivateKey
        do {
            key = try NIOSSLPrivateKey(bytes: ServerIdentity.bytes(of: keyFile), format: .pem)
        } catch let error as ServerIdentityError {
            throw error
        } catch {
            throw .noKey(file: keyFile)
        }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: certificates.map { .certificate($0) }, privateKey: .privateKey(key))
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        do {
            // What the server does for itself later: here it can still be said which file is wrong.
            _ = try NIOSSLContext(configuration: configuration)
        } catch {
            throw .strangers(certificateFile: certificateFile, keyFile: keyFile)
        }
        self.configuration = configuration
        self.expiration = Date(timeIntervalSince1970: TimeInterval(expiration))
    }

    private static func bytes(of file: String) throws(ServerIdentityError) -> [UInt8] {
        do {
            return [UInt8](try WholeFile.read(file))
        } catch {
            throw .unreadable(file: file, reason: error.reason)
        }
    }
}
