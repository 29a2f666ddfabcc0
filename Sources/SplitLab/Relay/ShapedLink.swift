/// One direction of a network, shared by all its connections: when does what is sent now arrive?
///
/// A pure model that is given the time. Bytes leave one after another at the link's rate, travel for the one-way delay
/// and a random jitter, and wait where the link stalls. A segment that is lost holds up its connection for one
/// retransmission: a round trip, at least TCP's usual 200 ms, doubled each time the repeat is lost too.
struct ShapedLink {
    /// nil is unlimited.
    let bytesPerSecond: Double?
    let delay: Double
    let jitter: Double
    /// Probability that a segment is lost.
    let loss: Double
    let retransmission: Double
    let stalls: PeriodicStalls?
    /// When the last byte so far has left the sender's side.
    private(set) var freeAt = -Double.infinity
    private(set) var lostCount = 0
    private var random: SplitMix

    static let segmentBytes = 1460
    /// Bytes wait before the link no longer than this; more are left to the sender, whose TCP then slows down.
    private static let queueSeconds = 0.05
    private static let shortestRetransmission = 0.2

    init(
        megabits: Double?, roundTripMilliseconds: Double, jitterMilliseconds: Double = 0, lossPercent: Double = 0,
        stalls: PeriodicStalls? = nil, seed: UInt64 = 0
    ) {
        bytesPerSecond = megabits.map { $0 * 1e6 / 8 }
        delay = roundTripMilliseconds / 2e3
        jitter = jitterMilliseconds / 1e3
        loss = lossPercent / 100
        retransmission = max(Self.shortestRetransmission, roundTripMilliseconds / 1e3)
        self.stalls = stalls
        random = SplitMix(state: seed)
    }

    /// Whether the link takes more bytes now.
    func hasRoom(at now: Double) -> Bool { freeAt - now < Self.queueSeconds }

    /// When the link takes more bytes, if not now.
    var hasRoomAt: Double { freeAt - Self.queueSeconds }

    /// How many bytes go as one piece: about two milliseconds' worth, so that a slow link delivers smoothly.
    var pieceBytes: Int {
        guard let bytesPerSecond else { return 1 << 14 }
        return min(max(Int(bytesPerSecond * 0.002), Self.segmentBytes), 1 << 14)
    }

    /// Sends a piece.
    ///
    /// - Parameters:
    ///   - now: seconds of any clock that does not go back.
    ///   - previous: when the piece before it on the same connection arrives; order is kept.
    /// - Returns: when its last byte arrives: never before `now` + bytes / rate + delay.
    mutating func arrival(ofBytes count: Int, at now: Double, after previous: Double) -> Double {
        var start = max(now, freeAt)
        if let stalls { start = stalls.end(ofStallAt: start) }
        freeAt = start + (bytesPerSecond.map { Double(count) / $0 } ?? 0)
        var arrival = freeAt + delay + jitter * random.unit()
        let segments = (count + Self.segmentBytes - 1) / Self.segmentBytes
        for _ in 0..<segments where loss > 0 {
            var wait = retransmission
            while random.unit() < loss {
                arrival += wait
                wait *= 2
                lostCount += 1
            }
        }
        return max(arrival, previous)
    }
}

/// Times in which nothing leaves a link, again and again.
public struct PeriodicStalls: Hashable, Sendable {
    /// Seconds from the beginning of one stall to that of the next.
    public let every: Double
    /// Seconds that each lasts, less than `every`.
    public let lasting: Double

    public init(every: Double, lasting: Double) {
        self.every = every
        self.lasting = lasting
    }

    /// The end of the stall that `time` is in; `time` itself outside stalls. The first begins at `every`.
    func end(ofStallAt time: Double) -> Double {
        guard time >= every else { return time }
        let phase = time.truncatingRemainder(dividingBy: every)
        return phase < lasting ? time - phase + lasting : time
    }
}
