/// Why two files are no identity of a server.
public enum ServerIdentityError: Error, Hashable, Sendable, CustomStringConvertible {
    case unreadable(file: String, reason: String)
    case noCertificate(file: String)
    case noKey(file: String)
    /// The key is not the certificate's.
    case strangers(certificateFile: String, keyFile: String)

    public var description: String {
        switch self {
        case .unreadable(let file, let reason): "\(file) cannot be read (\(reason))"
        case .noCertificate(let file): "\(file) has no certificate in PEM (-----BEGIN CERTIFICATE-----)"
        case .noKey(let file): "\(file) has no private key in PEM, or one that is locked with a passphrase"
        case .strangers(let certificateFile, let keyFile):
            "the key in \(keyFile) does not belong to the first certificate in \(certificateFile)"
        }
    }
}
