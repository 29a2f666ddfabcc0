/// Q(f) of a pair: what is lost, and what the verifier is asked, when the draft takes a share f of the steps
/// (ALGORITHMS.md §6). Measured once and kept in the verifier's manifest.
public struct QualityCurve: Hashable, Sendable {
    /// One measured share.
    public struct Point: Hashable, Sendable {
        /// f, 0…1.
        public let fraction: Double
        /// Mean loss against the verifier alone from the same seed, at least 0.
        public let loss: Double
        /// Mean verifier evaluations as a share of those of the verifier alone; above 1 where checks cost more than
        /// drafts save.
        public let evaluationShare: Double

        public init(fraction: Double, loss: Double, evaluationShare: Double) {
            self.fraction = fraction
            self.loss = loss
            self.evaluationShare = evaluationShare
        }
    }

    /// By rising fraction, at least one.
    public let points: [Point]
    /// What it was measured with; nil of one that holds for any.
    public let stepCounts: StepCounts?

    /// - Throws: `SpeculationError.invalidQuality` unless fractions rise strictly within 0…1 and losses and shares
    ///   are finite and not negative.
    public init(points: [Point], stepCounts: StepCounts? = nil) throws(SpeculationError) {
        guard !points.isEmpty else { throw .invalidQuality("it has no points") }
        for point in points {
            guard (0...1).contains(point.fraction) else {
                throw .invalidQuality("the fraction \(point.fraction) is not in 0…1")
            }
            guard point.loss.isFinite, point.loss >= 0, point.evaluationShare.isFinite, point.evaluationShare >= 0
            else { throw .invalidQuality("a loss or share at \(point.fraction) is negative or not finite") }
        }
        guard zip(points, points.dropFirst()).allSatisfy({ $0.fraction < $1.fraction }) else {
            throw .invalidQuality("its fractions do not rise")
        }
        self.points = points
        self.stepCounts = stepCounts
    }

    /// Whether the shares of evaluations are those of such schedules. Losses hardly depend on them.
    func isOf(_ counts: StepCounts) -> Bool { stepCounts.map { $0 == counts } ?? true }

    /// The loss at any share, on the line between the points around it, flat outside them.
    public func loss(at fraction: Double) -> Double { value(at: fraction, \.loss) }

    /// The evaluations at any share, as a share of those of the verifier alone.
    public func evaluationShare(at fraction: Double) -> Double { value(at: fraction, \.evaluationShare) }

    /// Whether the curve was measured on both sides of a share; beyond its ends it only guesses.
    public func covers(_ fraction: Double) -> Bool {
        guard let first = points.first, let last = points.last else { return false }
        return (first.fraction...last.fraction).contains(fraction)
    }

    private func value(at fraction: Double, _ member: KeyPath<Point, Double>) -> Double {
        PiecewiseLinear(points.map(\.fraction), points.map { $0[keyPath: member] }).value(at: fraction)
    }
}
