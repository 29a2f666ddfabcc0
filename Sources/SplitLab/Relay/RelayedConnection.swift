import Foundation

/// One connection through the relay: two sockets and what travels between them.
///
/// Belongs to the relay's thread.
struct RelayedConnection {
    enum Phase {
        /// The client's handshake is under way; the target is called when its first packet arrives there.
        case opening
        /// The target was called and has not answered.
        case connecting
        case open
    }

    let client: Int32
    var server: Int32 = -1
    var phase = Phase.opening
    /// When the client's first packet reaches the target.
    let callsTargetAt: Double
    /// When the client may send its first byte: a round trip after it came.
    let opensAt: Double
    var up: ShapedFlow
    var down: ShapedFlow
    var receivedBytes = 0
    private var hasEndedUp = false
    private var hasEndedDown = false
    /// Whether a socket refused bytes that have arrived, and must become writable first.
    private(set) var isClientFull = false
    private(set) var isServerFull = false

    init(client: Int32, acceptedAt now: Double, delay: Double, limit: Int) {
        self.client = client
        callsTargetAt = now + delay
        opensAt = now + 2 * delay
        up = ShapedFlow(limit: limit)
        down = ShapedFlow(limit: limit)
    }

    /// What to ask `poll` about the client.
    mutating func clientInterest(at now: Double, link: ShapedLink) -> Int32 {
        guard phase == .open else { return 0 }
        return (now >= opensAt && link.hasRoom(at: now) && up.room(at: now) > 0 ? POLLIN : 0)
            | (isClientFull ? POLLOUT : 0)
    }

    mutating func serverInterest(at now: Double, link: ShapedLink) -> Int32 {
        switch phase {
        case .opening: 0
        case .connecting: POLLOUT
        case .open:
            (link.hasRoom(at: now) && down.room(at: now) > 0 ? POLLIN : 0) | (isServerFull ? POLLOUT : 0)
        }
    }

    /// When the connection has something to do without news from its sockets.
    func nextEvent(after now: Double, upLink: ShapedLink, downLink: ShapedLink) -> Double? {
        var events = [up.nextEvent(after: now), down.nextEvent(after: now)].compactMap { $0 }
        switch phase {
        case .opening: events.append(callsTargetAt)
        case .connecting: break
        case .open: events += [opensAt, upLink.hasRoomAt, downLink.hasRoomAt].filter { $0 > now }
        }
        return events.min()
    }

    /// Gives on what has arrived.
    ///
    /// - Returns: how many bytes went up and down, or nil when the connection is over or broken.
    mutating func deliver(at now: Double) -> (up: Int, down: Int)? {
        guard phase == .open else { return (0, 0) }
        var counts = (up: 0, down: 0)
        guard let sent = give(&up, to: server, isFull: &isServerFull, at: now),
            let received = give(&down, to: client, isFull: &isClientFull, at: now)
        else { return nil }
        counts = (sent, received)
        receivedBytes += received
        if up.isOver(at: now), !hasEndedUp {
            shutdown(server, Int32(SHUT_WR))
            hasEndedUp = true
        }
        if down.isOver(at: now), !hasEndedDown {
            shutdown(client, Int32(SHUT_WR))
            hasEndedDown = true
        }
        return hasEndedUp && hasEndedDown ? nil : counts
    }

    private func give(
        _ flow: inout ShapedFlow, to descriptor: Int32, isFull: inout Bool, at now: Double
    ) -> Int? {
        var total = 0
        isFull = false
        while let bytes = flow.arrived(at: now) {
            switch Sockets.write(bytes, to: descriptor) {
            case .bytes(let count):
                flow.delivered(count)
                total += count
            case .wouldWait:
                isFull = true
                return total
            case .ended, .broken: return nil
            }
        }
        return total
    }

    /// Whether both ends said goodbye, so that closing loses nothing.
    var isOver: Bool { hasEndedUp && hasEndedDown }
}
