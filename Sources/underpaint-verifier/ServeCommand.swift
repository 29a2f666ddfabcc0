public import ArgumentParser
import BackendSelection
import BaseDirectories
import CPUBackend
import Foundation
import Graphs
public import Logging
import Models
import VerifierRuntime
import VerifierService
import VulkanBackend
import WireProtocol

/// `underpaint-verifier serve`: answers jobs over HTTP until it is told to stop.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve verification jobs over HTTP.",
        discussion: """
            EXAMPLES
              underpaint-verifier serve
              underpaint-verifier serve --host 0.0.0.0 --port 7860 --threads 8
              underpaint-verifier serve --backend vulkan --device 0 --precision float16
              underpaint-verifier serve --backend cpu --precision int8
              underpaint-verifier serve --backend vulkan --parallel 16
              openssl rand -hex 32 > tokens; underpaint-verifier serve --host 0.0.0.0 --token-file tokens
              underpaint-verifier serve --host 0.0.0.0 --certificate fullchain.pem --key privkey.pem
              curl http://127.0.0.1:7860/ready
              curl http://127.0.0.1:7860/metrics

            Ctrl-C or SIGTERM refuses new jobs, lets the running ones finish (--grace) and ends. Without --token-file
            everybody who reaches the port is let in. Without --certificate and --key what travels is not encrypted: on a
            network that is not yours give both, or put a proxy with https in front. A certificate that only your own clients
            have to trust (they give it with --ca-file):
              openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 825 -subj /CN=HOST \\
                -addext subjectAltName=DNS:HOST -keyout key.pem -out certificate.pem
            """)

    @Option(help: "Address to listen on; 0.0.0.0 opens the verifier to the network.")
    var host = "127.0.0.1"

    @Option(help: "Port to listen on; 0 lets the system choose.")
    var port = 7860

    @Option(
        help: ArgumentHelp(
            "Let in only those who show one of the tokens in this file, one a line.",
            discussion: "/health and /ready stay open. The file is read once, at the start.", valueName: "file"))
    var tokenFile: String?

    @Option(
        help: ArgumentHelp(
            "Serve https, with the certificate in this file (PEM), those that vouch for it behind it.",
            discussion: "It and its key are read once, at the start.", valueName: "file"))
    var certificate: String?

    @Option(help: ArgumentHelp("The certificate's private key (PEM), without a passphrase.", valueName: "file"))
    var key: String?

    @OptionGroup var compute: ComputeOptions

    @Flag(help: "List the Vulkan devices, one a line, and end.")
    var listDevices = false

    @Option(name: .shortAndLong, help: "Threads that compute (default: one a physical core).")
    var threads: Int?

    @OptionGroup var models: PairOptions

    @Option(
        help: ArgumentHelp(
            "Jobs under way at once (default: \(ServeCommand.usualParallelJobs) on a Vulkan device, 1 on a processor).",
            discussion:
                "Each takes a step in turn, and steps share batches: a device with idle units serves more people "
                + "so. A picture that shared batches may differ from one made alone in the last bits.",
            valueName: "jobs"))
    var parallel: Int?

    @Option(help: "Jobs that may wait; more are refused with 503.")
    var queue = 16

    @Option(help: "Seconds that running jobs may go on after a stop signal.")
    var grace = 30

    @Flag(
        help: ArgumentHelp(
            "Print the address on standard output, and stop when standard input ends.",
            discussion: "For programs that start the verifier and must not leave it behind."))
    var child = false

    @Option(help: "trace, debug, info, notice, warning, error or critical.")
    var logLevel = Logger.Level.info

    private static let usualParallelJobs = 8

    func validate() throws {
        guard (0...65_535).contains(port) else { throw ValidationError("--port must be between 0 and 65535") }
        guard (certificate == nil) == (key == nil) else {
            throw ValidationError("--certificate and --key belong together: give both, or neither for plain http")
        }
        if let parallel, !(1...64).contains(parallel) { throw ValidationError("--parallel must be between 1 and 64") }
        guard (0...100_000).contains(queue) else { throw ValidationError("--queue must be between 0 and 100000") }
        guard (0...86_400).contains(grace) else { throw ValidationError("--grace must be between 0 and 86400") }
        if let threads, !(1...1024).contains(threads) {
            throw ValidationError("--threads must be between 1 and 1024")
        }
    }

    func run() async throws {
        if listDevices {
            do {
                for device in try VulkanBackend.devices() { print(device) }
            } catch {
                try? FileHandle.standardError.write(contentsOf: Data("\(error)\n".utf8))
                throw ExitCode(69)
            }
            return
        }
        var logger = Logger(label: "underpaint-verifier", factory: { StreamLogHandler.standardError(label: $0) })
        logger.logLevel = logLevel
        let (tokens, identity) = (try tokens(logger), try identity(logger))
        let policy = ThreadPolicy(count: threads)
        let selected: SelectedBackend
        do {
            selected = try compute.makeBackend(threads: policy)
        } catch {
            logger.critical("cannot compute", metadata: ["error": "\(error)"])
            throw ExitCode(69)
        }
        let jobs = parallel ?? (selected.backend is VulkanBackend ? ServeCommand.usualParallelJobs : 1)
        var facts: Logger.Metadata = [
            "backend": "\(selected.backend.name)", "threads": "\(policy.count)", "parallel": "\(jobs)",
        ]
        if let tuned = (selected.backend as? VulkanBackend)?.tunedCount, tuned > 0 { facts["tuned"] = "\(tuned)" }
        if let reason = selected.reason { facts["reason"] = "\(reason)" }
        logger.info("starting", metadata: facts)
        let verifierHost = VerifierHost(
            limits: HostLimits(runningJobs: jobs, waitingJobs: queue),
            onFailure: { [logger] job, error in
                logger.error("job failed", metadata: ["job": "\(job)", "error": "\(error)"])
            },
            load: { [models, compute] in
                let verifier = try PictureVerifier(
                    models: models.pair(), backend: selected.backend, decodeTile: compute.decodeTile)
                // Also compiles the graphs, so that the first customer does not wait for it.
                let pace = try verifier.listsSizes ? verifier.measurePace() : nil
                return LoadedVerifier(executor: verifier, models: verifier.catalogue(pace: pace))
            })
        let server = VerifierServer(
            configuration: .init(
                hostname: host, port: port, grace: .seconds(grace), tokens: tokens, identity: identity),
            host: verifierHost, logger: logger)
        let second = SecondSignal { ServeCommand.leave(130) }
        do {
            if child { ServeCommand.stopWhenInputEnds() }
            try await server.run { [child] port in
                second.listen()
                if child {
                    print(server.configuration.address(port: port))
                    fflush(nil)
                }
            }
        } catch {
            logger.critical("cannot serve", metadata: ["error": "\(error)"])
            ServeCommand.leave(error is ModelError ? 66 : 69)
        }
        ServeCommand.leave(0)
    }

    /// Ends the program without its clean-up: the thread of the models may still be loading them, and what they stand on would be
    /// taken from under it.
    private static func leave(_ code: Int32) -> Never {
        fflush(nil)
        _exit(code)
    }
}

extension ServeCommand {
    private func tokens(_ logger: Logger) throws -> [AccessToken] {
        guard let tokenFile else { return [] }
        do {
            return try AccessToken.list(String(decoding: try WholeFile.read(tokenFile), as: UTF8.self))
        } catch {
            let reason = (error as? AccessTokenError)?.description ?? error.reason
            logger.critical("no tokens", metadata: ["file": "\(tokenFile)", "error": "\(reason)"])
            throw ExitCode(66)
        }
    }

    private func identity(_ logger: Logger) throws -> ServerIdentity? {
        guard let certificate, let key else { return nil }
        do throws(ServerIdentityError) {
            let identity = try ServerIdentity(certificateFile: certificate, keyFile: key)
            if identity.expiration < .now {
                logger.warning(
                    "the certificate has expired; clients will not connect",
                    metadata: ["file": "\(certificate)", "expiration": "\(identity.expiration)"])
            }
            return identity
        } catch {
            logger.critical("no https", metadata: ["error": "\(error)"])
            throw ExitCode(66)
        }
    }

    /// Sends this process the signal that ends it politely once whoever started it is gone or closes its end.
    private static func stopWhenInputEnds() {
        Thread.detachNewThread {
            var byte: UInt8 = 0
            while true {
                let count = read(STDIN_FILENO, &byte, 1)
                if count > 0 || count < 0 && errno == EINTR { continue }
                // Of a parent whose end does not block.
                guard count < 0, errno == EAGAIN else { break }
                var end = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
                poll(&end, 1, -1)
            }
            kill(getpid(), SIGTERM)
        }
    }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}
