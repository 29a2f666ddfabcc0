import EdgeRuntime
public import Foundation
import Speculation

/// The verifier of an experiment: a child process, or one that runs already.
public final class LabVerifier {
    public let host: String
    public let port: UInt16
    private let process: LineProcess?

    /// Uses a verifier that runs already.
    ///
    /// - Throws: `LabError.program` for an address that is not `http://HOST:PORT`.
    public init(url: String) throws(LabError) {
        let parts = URLComponents(string: url)
        guard parts?.scheme == "http", let host = parts?.host, !host.isEmpty else {
            throw .program("\(url) is no verifier's address for the lab; write http://HOST:PORT")
        }
        self.host = host
        port = UInt16(clamping: parts?.port ?? 80)
        process = nil
    }

    /// Starts a verifier and waits until it listens.
    ///
    /// - Throws: `LabError.program`.
    public init(
        program: URL, arguments: [String], environment: [String: String], errors: FileHandle
    ) throws(LabError) {
        guard FileManager.default.isExecutableFile(atPath: program.path) else {
            throw .program(
                "there is no verifier program at \(program.path); build it with `swift build -c release --product "
                    + "underpaint-verifier`, or name one with --verifier-program or a running one with --verifier")
        }
        let process = try LineProcess(
            program: program, arguments: arguments, environment: environment, errors: errors)
        guard let address = process.readLine(), let parts = URLComponents(string: address), let host = parts.host,
            let port = parts.port
        else {
            process.end()
            throw .program("\(program.path) did not begin to listen; its words are in verifier.log")
        }
        self.process = process
        self.host = host
        self.port = UInt16(clamping: port)
    }

    public var url: String { "http://\(host):\(port)" }

    /// Returns when the verifier takes jobs.
    ///
    /// - Throws: `LabError.program` when it does not within a minute.
    public func waitUntilReady() async throws {
        let transport = try LibcurlVerifierTransport(url: url)
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            if let description = try? await transport.availability(), description.isReady { return }
            if let process, !process.isRunning { break }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw LabError.program("the verifier at \(url) does not take jobs; is its model there? See verifier.log")
    }

    public func end() {
        process?.end()
    }
}
