/// A threshold at a noise level.
public struct CheckLevel: Hashable, Sendable {
    /// t, in 0…1.
    public let time: Double
    /// The largest statistic that passes here; of a critic's doubt it may be below 0.
    public let threshold: Float

    /// - Throws: `SpeculationError.invalidLevel`.
    public init(time: Double, threshold: Float) throws(SpeculationError) {
        guard (0...1).contains(time), threshold.isFinite else {
            throw .invalidLevel(time: time, threshold: threshold)
        }
        self.time = time
        self.threshold = threshold
    }
}

extension [CheckLevel] {
    /// The threshold at any time: on the straight line between the levels around it, flat outside them.
    ///
    /// Nil without levels.
    func threshold(at time: Double) -> Float? {
        guard !isEmpty else { return nil }
        let rising = sorted { $0.time < $1.time }
        return Float(PiecewiseLinear(rising.map(\.time), rising.map { Double($0.threshold) }).value(at: time))
    }
}
