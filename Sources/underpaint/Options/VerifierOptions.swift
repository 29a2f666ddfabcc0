import ArgumentParser
import BackendSelection
import BaseDirectories
import EdgeRuntime
import Foundation
import WireProtocol

/// Where pictures are verified.
struct VerifierOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "'embedded' (inside this program) or the address of a verifier, for example http://127.0.0.1:7860 (default: "
                + "embedded; of a picture that is resumed the verifier that it was meant for).",
            valueName: "embedded|URL"))
    var verifier: VerifierChoice?

    /// The address of the verifier; nil for the embedded one.
    var address: String? { verifier?.address }

    @Option(
        help: ArgumentHelp(
            "File with the token that the verifier lets in (default: $UNDERPAINT_TOKEN).", valueName: "file"))
    var tokenFile: String?

    @Option(
        help: ArgumentHelp(
            "File with the certificates (PEM) that vouch for a verifier with https, instead of the system's (default: "
                + "$UNDERPAINT_CA_FILE).",
            valueName: "file"))
    var caFile: String?

    @Option(help: "Seconds without a byte from the verifier after which it counts as gone.")
    var timeout = 30.0

    /// Of the embedded verifier; the precision is the draft's too.
    @OptionGroup var compute: ComputeOptions

    func validate() throws {
        guard timeout > 0, timeout <= 86_400 else {
            throw ValidationError("--timeout must be above 0 and at most 86400")
        }
    }

    /// Refuses what says something of a verifier elsewhere where there is none, and of the embedded one where it is not asked.
    func checkPlace() throws {
        let ofAddress = [("--token-file", tokenFile != nil), ("--ca-file", caFile != nil)]
        let ofEmbedded = [("--backend", compute.backend != .auto), ("--device", compute.device != nil)]
        if address == nil, let option = ofAddress.first(where: \.1) {
            throw ValidationError("\(option.0) goes with a --verifier elsewhere")
        }
        if address != nil, let option = ofEmbedded.first(where: \.1) {
            throw ValidationError("\(option.0) is of the embedded verifier; the one elsewhere has its own")
        }
    }

    /// The way to a verifier on another machine.
    ///
    /// - Throws: `TransportError.invalidAddress`, or `Failure` for a token that is none or a file that cannot be read.
    func transport(to address: String, log: TransferLog? = nil) throws -> LibcurlVerifierTransport {
        let environment = ProcessInfo.processInfo.environment
        let transport = try LibcurlVerifierTransport(
            url: address, token: token(environment: environment),
            authorityFile: authorityFile(environment: environment),
            timeouts: TransportTimeouts(silence: .seconds(timeout)), log: log)
        if transport.exposesToken {
            Terminal.warn(
                "the token travels readable to \(address); https would hide it (underpaint-verifier serve --certificate)"
            )
        }
        return transport
    }

    /// Read once here, because libcurl would only say so for each picture.
    private func authorityFile(environment: [String: String]) throws -> String? {
        guard let file = caFile ?? environment["UNDERPAINT_CA_FILE"], !file.isEmpty else { return nil }
        guard !WholeFile.isSpecial(file) else {
            throw Failure(ExitStatus.noInput, "\(file) is no file; certificates are read from one, again and again")
        }
        do {
            _ = try WholeFile.read(file)
        } catch {
            throw Failure(ExitStatus.noInput, "\(file) cannot be read (\(error.reason))")
        }
        return file
    }

    private func token(environment: [String: String]) throws -> AccessToken? {
        let (text, place): (String, String)
        if let tokenFile {
            place = tokenFile
            do {
                text = String(decoding: try WholeFile.read(tokenFile), as: UTF8.self)
            } catch {
                throw Failure(ExitStatus.noInput, "\(tokenFile) cannot be read (\(error.reason))")
            }
        } else if let variable = environment["UNDERPAINT_TOKEN"], !variable.isEmpty {
            (text, place) = (variable, "UNDERPAINT_TOKEN")
        } else {
            return nil
        }
        do {
            return try AccessToken.list(text).first
        } catch {
            throw Failure(ExitStatus.usage, "\(place): \(error)")
        }
    }
}

/// The embedded verifier or that of an address.
enum VerifierChoice: Hashable, ExpressibleByArgument, CustomStringConvertible {
    case embedded
    case remote(String)

    init?(argument: String) {
        self = argument == "embedded" ? .embedded : .remote(argument)
    }

    /// The address of a remote verifier; what is wrong with it is the transport's to say.
    var address: String? {
        if case .remote(let address) = self { address } else { nil }
    }

    var description: String { address ?? "embedded" }
}
