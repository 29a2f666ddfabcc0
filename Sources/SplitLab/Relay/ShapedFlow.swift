/// What is on its way in one direction of one connection.
///
/// A pure model like `ShapedLink`. It never holds more than its limit, and no more than TCP's congestion window would
/// let be under way: ten segments at first, twice as many with each round trip.
struct ShapedFlow {
    private struct Piece {
        var bytes: ArraySlice<UInt8>
        let arrival: Double
    }

    /// Pieces by time of arrival; those before `first` are delivered.
    private var pieces: [Piece] = []
    private var first = 0
    private var lastArrival = -Double.infinity
    /// Bytes that are not acknowledged yet, by the time when they will be.
    private var unacknowledged: [(at: Double, count: Int)] = []
    private var window = ShapedFlow.initialWindow
    /// Read and not yet given on.
    private(set) var bufferedBytes = 0
    /// When the end of the stream arrives, once the sender has ended it.
    private(set) var endArrival: Double?
    let limit: Int

    /// RFC 6928.
    static let initialWindow = 10 * ShapedLink.segmentBytes

    /// - Parameter limit: bytes that may be held.
    init(limit: Int) {
        self.limit = limit
    }

    /// How many bytes may be read from the sender now.
    mutating func room(at now: Double) -> Int {
        acknowledge(until: now)
        guard endArrival == nil else { return 0 }
        let underWay = unacknowledged.reduce(0) { $0 + $1.count }
        return max(0, min(limit - bufferedBytes, window - underWay))
    }

    /// Takes bytes that were read from the sender.
    ///
    /// - Parameter returnDelay: seconds that an acknowledgement takes.
    mutating func send(_ bytes: [UInt8], at now: Double, over link: inout ShapedLink, returnDelay: Double) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = rest.prefix(link.pieceBytes)
            rest = rest.dropFirst(piece.count)
            lastArrival = link.arrival(ofBytes: piece.count, at: now, after: lastArrival)
            pieces.append(Piece(bytes: piece, arrival: lastArrival))
            unacknowledged.append((lastArrival + returnDelay, piece.count))
        }
        bufferedBytes += bytes.count
    }

    /// The sender has nothing more to say; its end travels like its bytes.
    mutating func end(at now: Double, over link: ShapedLink) {
        if endArrival == nil { endArrival = max(now + link.delay, lastArrival) }
    }

    /// The next bytes that have arrived, if any.
    func arrived(at now: Double) -> ArraySlice<UInt8>? {
        guard first < pieces.count, pieces[first].arrival <= now else { return nil }
        return pieces[first].bytes
    }

    /// The receiver took so many of the bytes that `arrived` gave.
    mutating func delivered(_ count: Int) {
        bufferedBytes -= count
        pieces[first].bytes.removeFirst(count)
        guard pieces[first].bytes.isEmpty else { return }
        first += 1
        if first > 64 {
            pieces.removeFirst(first)
            first = 0
        }
    }

    /// Whether everything and the end have arrived and were given on.
    func isOver(at now: Double) -> Bool {
        first == pieces.count && (endArrival.map { $0 <= now } ?? false)
    }

    /// When something happens without anybody's doing: an arrival, an acknowledgement that makes room.
    func nextEvent(after now: Double) -> Double? {
        let arrival = first < pieces.count ? pieces[first].arrival : endArrival
        let events = [arrival, unacknowledged.first?.at].compactMap { $0 }.filter { $0 > now }
        return events.min()
    }

    private mutating func acknowledge(until now: Double) {
        let count = unacknowledged.firstIndex { $0.at > now } ?? unacknowledged.count
        guard count > 0 else { return }
        window = min(limit, window + unacknowledged[..<count].reduce(0) { $0 + $1.count })
        unacknowledged.removeFirst(count)
    }
}
