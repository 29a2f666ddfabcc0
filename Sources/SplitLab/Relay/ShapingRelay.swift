import Foundation
import Speculation
import Synchronization

/// A TCP relay that makes a given network of the loopback: rate, delay, jitter, losses, stalls and cuts, both ways.
///
/// One thread, `poll`, and the pure models `ShapedLink` (one for each direction, shared by all connections) and
/// `ShapedFlow` (one for each direction of a connection). Memory is bounded: what does not fit is not read, and TCP
/// holds its sender back. What it models and what not:
/// - opening a connection costs a round trip before the first byte, as TCP's handshake does;
/// - TCP's slow start: ten segments, then twice as many each round trip;
/// - a lost segment stalls its connection for a retransmission; the congestion window is not halved for it;
/// - names are not looked up through it, and packets are not reordered: TCP would hide that.
public final class ShapingRelay: Sendable {
    /// What the relay is to do to traffic.
    public struct Configuration: Hashable, Sendable {
        public var network: NetworkProfile
        /// Times in which nothing passes.
        public var stalls: PeriodicStalls?
        /// All connections are reset every so many seconds.
        public var cutEvery: Double?
        /// A connection is reset once so many bytes came down on it.
        public var cutAfterBytes: Int?
        /// Seed of jitter and losses.
        public var seed: UInt64
        public var connectionLimit: Int

        public init(
            network: NetworkProfile, stalls: PeriodicStalls? = nil, cutEvery: Double? = nil,
            cutAfterBytes: Int? = nil, seed: UInt64 = 1, connectionLimit: Int = 128
        ) {
            self.network = network
            self.stalls = stalls
            self.cutEvery = cutEvery
            self.cutAfterBytes = cutAfterBytes
            self.seed = seed
            self.connectionLimit = connectionLimit
        }
    }

    /// What went through so far.
    public struct Counters: Hashable, Sendable, Codable {
        public var connections = 0
        public var uploadedBytes = 0
        public var downloadedBytes = 0
        /// Connections that were reset on purpose.
        public var cuts = 0
        /// Segments that were lost and repeated.
        public var lostSegments = 0
        /// The most bytes that one direction of a connection held.
        public var mostBufferedBytes = 0
    }

    public let configuration: Configuration
    /// Where the relay listens.
    public let host: String
    public let port: UInt16
    private let counts: Mutex<Counters>
    /// Writing to it wakes and ends the thread.
    private let wakeDescriptor: Int32
    private let isStopped = Mutex(false)
    private let hasEnded = DispatchGroup()

    /// Begins to relay.
    ///
    /// - Parameters:
    ///   - host, port: where to listen; port 0 lets the system choose.
    ///   - targetHost, targetPort: where connections go.
    /// - Throws: `LabError.relay`.
    public init(
        _ configuration: Configuration, host: String = "127.0.0.1", port: UInt16 = 0, targetHost: String,
        targetPort: UInt16
    ) throws(LabError) {
        let target = try Sockets.resolve(host: targetHost, port: targetPort)
        let listener = try Sockets.listener(host: host, port: port)
        var pipes: [Int32] = [-1, -1]
        guard pipe(&pipes) == 0 else {
            close(listener.descriptor)
            throw .relay("no pipe is to be had: \(String(cString: strerror(errno)))")
        }
        for descriptor in pipes { Sockets.makeNonblocking(descriptor) }
        self.configuration = configuration
        self.host = host
        self.port = listener.port
        counts = Mutex(Counters())
        wakeDescriptor = pipes[1]
        let wake = pipes[0]
        hasEnded.enter()
        let thread = Thread { [self] in
            var loop = RelayLoop(
                configuration, listener: listener.descriptor, target: target, wake: wake,
                report: { counters in self.counts.withLock { $0 = counters } })
            loop.run()
            hasEnded.leave()
        }
        thread.name = "relay"
        thread.start()
    }

    public var counters: Counters { counts.withLock { $0 } }

    /// The address for clients of an HTTP service behind the relay.
    public var url: String { "http://\(host):\(port)" }

    /// Resets all connections, stops listening and returns when that is done. A second call does nothing.
    public func stop() {
        let isFirst = isStopped.withLock { isStopped in
            defer { isStopped = true }
            return !isStopped
        }
        guard isFirst else { return }
        var byte: UInt8 = 0
        _ = write(wakeDescriptor, &byte, 1)
        hasEnded.wait()
        close(wakeDescriptor)
    }
}

/// The relay's thread: everything that changes.
private struct RelayLoop {
    private let configuration: ShapingRelay.Configuration
    private let listener: Int32
    private let target: sockaddr_in
    private let wake: Int32
    private let report: (ShapingRelay.Counters) -> Void
    private let clock = ContinuousClock()
    private let start: ContinuousClock.Instant
    private var connections: [RelayedConnection] = []
    private var upLink: ShapedLink
    private var downLink: ShapedLink
    private var counters = ShapingRelay.Counters()
    private var nextCut: Double
    private var buffer = [UInt8](repeating: 0, count: 1 << 16)
    /// Bytes that one direction of a connection may hold: what is under way at the full rate, and a bit.
    private let limit: Int
    /// While no descriptor is to be had, nobody is let in until then.
    private var acceptsAgainAt = 0.0

    private static let bufferLimits = (1 << 16)...(1 << 24)

    init(
        _ configuration: ShapingRelay.Configuration, listener: Int32, target: sockaddr_in, wake: Int32,
        report: @escaping (ShapingRelay.Counters) -> Void
    ) {
        self.configuration = configuration
        self.listener = listener
        self.target = target
        self.wake = wake
        self.report = report
        start = clock.now
        let network = configuration.network
        func link(_ megabits: Double?, seed: UInt64) -> ShapedLink {
            ShapedLink(
                megabits: megabits, roundTripMilliseconds: network.roundTripMilliseconds,
                jitterMilliseconds: network.jitterMilliseconds, lossPercent: network.lossPercent,
                stalls: configuration.stalls, seed: seed)
        }
        upLink = link(network.uploadMegabits, seed: configuration.seed &* 2)
        downLink = link(network.downloadMegabits, seed: configuration.seed &* 2 &+ 1)
        nextCut = configuration.cutEvery ?? .infinity
        let fastest = [upLink, downLink].compactMap(\.bytesPerSecond).max() ?? 1e8
        let underWay = fastest * (network.roundTripMilliseconds / 1e3 + 0.1)
        limit = min(max(Int(min(underWay, 1e9)), Self.bufferLimits.lowerBound), Self.bufferLimits.upperBound)
    }

    private var now: Double { (clock.now - start).inSeconds }

    mutating func run() {
        while true {
            let now = now
            if now >= nextCut { cutAll() }
            for index in connections.indices.reversed() { advance(index, at: now) }
            counters.lostSegments = upLink.lostCount + downLink.lostCount
            report(counters)
            guard waitForNews(since: now) else { break }
        }
        for connection in connections { close(connection, byReset: true) }
        Foundation.close(listener)
        Foundation.close(wake)
        report(counters)
    }

    /// Does what is due on a connection.
    private mutating func advance(_ index: Int, at now: Double) {
        if case .opening = connections[index].phase, now >= connections[index].callsTargetAt {
            do {
                connections[index].server = try Sockets.connect(to: target)
                connections[index].phase = .connecting
            } catch {
                return drop(index, byReset: true)
            }
        }
        counters.mostBufferedBytes = max(
            counters.mostBufferedBytes, connections[index].up.bufferedBytes, connections[index].down.bufferedBytes)
        guard let counts = connections[index].deliver(at: now) else {
            return drop(index, byReset: !connections[index].isOver)
        }
        counters.uploadedBytes += counts.up
        counters.downloadedBytes += counts.down
        if let limit = configuration.cutAfterBytes, connections[index].receivedBytes >= limit {
            counters.cuts += 1
            drop(index, byReset: true)
        }
    }

    /// Sleeps until a socket has news or something falls due, and reads what came.
    ///
    /// - Parameter asked: up to when all that was due is done; what fell due since is not slept over.
    /// - Returns: false when the relay is to stop.
    private mutating func waitForNews(since asked: Double) -> Bool {
        var polled: [pollfd] = [pollfd(fd: wake, events: Int16(POLLIN), revents: 0)]
        let accepts = connections.count < configuration.connectionLimit && asked >= acceptsAgainAt
        polled.append(pollfd(fd: accepts ? listener : -1, events: Int16(POLLIN), revents: 0))
        for index in connections.indices {
            let client = connections[index].clientInterest(at: asked, link: upLink)
            let server = connections[index].serverInterest(at: asked, link: downLink)
            // A descriptor of which nothing is wanted is left out, or its hang-up would be told again and again.
            polled.append(pollfd(fd: client == 0 ? -1 : connections[index].client, events: Int16(client), revents: 0))
            polled.append(pollfd(fd: server == 0 ? -1 : connections[index].server, events: Int16(server), revents: 0))
        }
        sleep(until: nextEvent(after: asked), on: &polled)
        guard polled[0].revents == 0 else { return false }
        let now = now
        for index in connections.indices.reversed() {
            let (client, server) = (polled[2 + 2 * index].revents, polled[3 + 2 * index].revents)
            if !read(index, client: client, server: server, at: now) { drop(index, byReset: true) }
        }
        if polled[1].revents != 0 { acceptAll(at: now) }
        return true
    }

    /// `poll` counts in milliseconds; the rest of one is slept, so that a short delay is not a long one.
    private func sleep(until due: Double?, on polled: inout [pollfd]) {
        guard let due else {
            poll(&polled, nfds_t(polled.count), -1)
            return
        }
        let wait = max(0, due - now)
        let milliseconds = Int32(min(wait * 1e3, 60_000))
        if poll(&polled, nfds_t(polled.count), milliseconds) == 0, milliseconds < 60_000 {
            let rest = due - now
            if rest > 0, rest < 0.001 { usleep(UInt32(rest * 1e6) + 1) }
        }
    }

    private func nextEvent(after now: Double) -> Double? {
        var events = connections.compactMap { $0.nextEvent(after: now, upLink: upLink, downLink: downLink) }
        if nextCut.isFinite { events.append(nextCut) }
        if acceptsAgainAt > now { events.append(acceptsAgainAt) }
        return events.min()
    }

    private mutating func read(_ index: Int, client: Int16, server: Int16, at now: Double) -> Bool {
        if case .connecting = connections[index].phase, server != 0 {
            guard Sockets.isConnected(connections[index].server) else { return false }
            connections[index].phase = .open
            return true
        }
        if client & Int16(POLLIN | POLLHUP | POLLERR) != 0 {
            let room = connections[index].up.room(at: now)
            switch room > 0 ? Sockets.read(from: connections[index].client, into: &buffer, count: room) : .wouldWait {
            case .bytes(let count):
                connections[index].up.send(
                    Array(buffer[..<count]), at: now, over: &upLink, returnDelay: downLink.delay)
            case .ended: connections[index].up.end(at: now, over: upLink)
            case .wouldWait: break
            case .broken: return false
            }
        }
        if server & Int16(POLLIN | POLLHUP | POLLERR) != 0 {
            let room = connections[index].down.room(at: now)
            switch room > 0 ? Sockets.read(from: connections[index].server, into: &buffer, count: room) : .wouldWait {
            case .bytes(let count):
                connections[index].down.send(
                    Array(buffer[..<count]), at: now, over: &downLink, returnDelay: upLink.delay)
            case .ended: connections[index].down.end(at: now, over: downLink)
            case .wouldWait: break
            case .broken: return false
            }
        }
        return true
    }

    private mutating func acceptAll(at now: Double) {
        while connections.count < configuration.connectionLimit {
            guard let client = Sockets.accept(from: listener) else {
                if errno == EMFILE || errno == ENFILE { acceptsAgainAt = now + 0.1 }
                return
            }
            counters.connections += 1
            connections.append(
                RelayedConnection(client: client, acceptedAt: now, delay: upLink.delay, limit: limit))
        }
    }

    private mutating func cutAll() {
        counters.cuts += connections.count
        for connection in connections { close(connection, byReset: true) }
        connections = []
        if let every = configuration.cutEvery { nextCut += every }
    }

    private mutating func drop(_ index: Int, byReset: Bool) {
        close(connections.remove(at: index), byReset: byReset)
    }

    private func close(_ connection: RelayedConnection, byReset: Bool) {
        for descriptor in [connection.client, connection.server] where descriptor >= 0 {
            if byReset { Sockets.reset(descriptor) } else { Foundation.close(descriptor) }
        }
    }
}
