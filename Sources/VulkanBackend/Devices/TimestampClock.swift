/// How the timestamps of a queue count.
struct TimestampClock: Hashable, Sendable {
    /// Nanoseconds of a tick.
    let period: Double
    /// Low bits of a timestamp that count, at most 64; with all of them set, the next tick starts anew from zero.
    let validBits: Int

    /// The time between two timestamps that are less than a turn of the counter apart.
    func seconds(from start: UInt64, to end: UInt64) -> Double {
        let ticks = (end &- start) & (UInt64.max >> (64 - validBits))
        return Double(ticks) * period * 1e-9
    }
}
