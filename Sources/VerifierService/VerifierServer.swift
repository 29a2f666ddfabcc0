import Hummingbird
import HummingbirdCore
import HummingbirdTLS
public import Logging
import NIOCore
import ServiceLifecycle
import UnixSignals
public import VerifierRuntime
public import WireProtocol

/// A verifier host behind HTTP/1.1, with or without TLS.
public struct VerifierServer: Sendable {
    /// Where and how the server listens.
    public struct Configuration: Sendable {
        /// The address to listen on; `0.0.0.0` opens the verifier to the network.
        public var hostname: String
        /// 0 lets the system choose; `run` tells which it was.
        public var port: Int
        /// How long running jobs may go on after a stop signal.
        public var grace: Duration
        /// How long a reply stream may be silent before a sign of life goes out.
        public var heartbeat: Duration
        /// When a connection without a request, or with one that does not get on, is closed.
        public var idleTimeout: Duration
        /// When a connection is closed whose request has not come whole.
        public var uploadTimeout: Duration
        /// When a connection is closed whose client takes nothing more of a reply.
        public var replyTimeout: Duration
        /// Connections beyond this wait to be accepted.
        public var connectionLimit: Int
        /// Of those who are let in; everybody is where there is none.
        public var tokens: [AccessToken]
        /// What the server shows of itself over https; plain http without one.
        public var identity: ServerIdentity?

        /// What clients call the server that listens on a port.
        public func address(port: Int) -> String {
            let host = hostname.contains(":") ? "[\(hostname)]" : hostname
            return "\(identity == nil ? "http" : "https")://\(host):\(port)"
        }

        public init(
            hostname: String = "127.0.0.1", port: Int = 7860, grace: Duration = .seconds(30),
            heartbeat: Duration = .seconds(5), idleTimeout: Duration = .seconds(60),
            uploadTimeout: Duration = .seconds(300), replyTimeout: Duration = .seconds(300),
            connectionLimit: Int = 512, tokens: [AccessToken] = [],
            identity: ServerIdentity? = nil
        ) {
            self.hostname = hostname
            self.port = port
            self.grace = grace
            self.heartbeat = heartbeat
            self.idleTimeout = idleTimeout
            self.uploadTimeout = uploadTimeout
            self.replyTimeout = replyTimeout
            self.connectionLimit = connectionLimit
            self.tokens = tokens
            self.identity = identity
        }
    }

    public let configuration: Configuration
    private let host: VerifierHost
    private let logger: Logger

    /// What is left to the last results, on their way, after the grace of the jobs.
    private static let delivery = Duration.seconds(30)

    public init(configuration: Configuration, host: VerifierHost, logger: Logger) {
        self.configuration = configuration
        self.host = host
        self.logger = logger
    }

    /// Serves until a signal, or cancelling the task, ends it.
    ///
    /// On a signal the server refuses new jobs, ends the waiting ones, lets the running one finish within the
    /// configured grace and delivers it.
    /// - Parameters:
    ///   - handlesSignals: whether SIGINT and SIGTERM stop the server; false where somebody else handles them.
    ///   - onListening: is given the port once the server listens. The models may still be loading.
    /// - Throws: when the address cannot be listened on or the models cannot be loaded.
    public func run(
        handlesSignals: Bool = true, onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) async throws {
        let server = try application { [logger, configuration] port in
            logger.info(
                "listening", metadata: ["address": "\(configuration.address(port: port))"])
            await onListening(port)
        }
        // Services stop in reverse order: first the host drains while the server still delivers and refuses, then
        // the server closes.
        var group = ServiceGroupConfiguration(
            services: [server, HostService(host: host, grace: configuration.grace, logger: logger)],
            gracefulShutdownSignals: handlesSignals ? [.sigterm, .sigint] : [], logger: logger)
        // A client that neither sends nor hangs up does not keep the server from its end.
        group.maximumGracefulShutdownDuration = configuration.grace + VerifierServer.delivery
        try await ServiceGroup(configuration: group).run()
    }

    func application(
        onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) throws -> some ApplicationProtocol {
        let plain = HTTPServerBuilder.http1(
            configuration: .init(
                additionalChannelHandlers: [
                    UploadDeadline(.nanoseconds(configuration.uploadTimeout.inNanoseconds)),
                    ReplyDeadline(.nanoseconds(configuration.replyTimeout.inNanoseconds)),
                ],
                idleTimeout: .nanoseconds(configuration.idleTimeout.inNanoseconds)))
        return Application(
            router: VerifierRoutes(host: host, heartbeat: configuration.heartbeat, tokens: configuration.tokens)
                .router(),
            server: try configuration.identity.map { try .tls(plain, tlsConfiguration: $0.configuration) } ?? plain,
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.hostname, port: configuration.port), serverName: "underpaint-verifier",
                availableConnectionsDelegate: MaximumAvailableConnections(configuration.connectionLimit)),
            onServerRunning: { channel in await onListening(channel.localAddress?.port ?? configuration.port) },
            logger: logger)
    }
}

extension Duration {
    fileprivate var inNanoseconds: Int64 {
        components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
    }
}
