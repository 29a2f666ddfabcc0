public import Diffusion

#if canImport(Glibc)
    import Glibc
#else
    import Foundation
#endif

/// r(t): how far a draft's velocity is from the verifier's, RMS an element, and the acceptance that follows
/// (ALGORITHMS.md §5).
public struct DraftErrorCurve: Hashable, Sendable {
    /// One measurement.
    public struct Point: Hashable, Sendable, Codable {
        public let t: Double
        public let r: Double

        public init(t: Double, r: Double) {
            self.t = t
            self.r = r
        }
    }

    /// By rising time, at least one.
    public let points: [Point]

    /// nil without points, or of points that are no errors at times in 0…1; their order does not matter.
    public init?(_ points: [Point]) {
        let sorted = points.sorted { $0.t < $1.t }
        guard !sorted.isEmpty, sorted.allSatisfy({ (0...1).contains($0.t) && $0.r >= 0 && $0.r.isFinite }),
            zip(sorted, sorted.dropFirst()).allSatisfy({ $0.t < $1.t })
        else { return nil }
        self.points = sorted
    }

    private init(sorted points: [Point]) {
        self.points = points
    }

    /// r at any time, on the line between the points around it, flat outside them.
    public func error(at t: Double) -> Double {
        PiecewiseLinear(points.map(\.t), points.map(\.r)).value(at: t)
    }

    /// P(accept) = 2Φ(−‖Δ‖/2) of one step, with ‖Δ‖ = pictureShare·t·r·√D/σ: velocities that differ by r show pictures
    /// that differ by t·r.
    ///
    /// - Parameter elementCount: D, all elements of the latent.
    public func acceptance(of kernel: AncestralKernel, elementCount: Int) -> Double {
        // The last step adds no noise: nothing but an equal draft would pass.
        guard kernel.sigma > 0 else { return 0 }
        let distance =
            kernel.pictureShare * kernel.time * error(at: kernel.time) * Double(elementCount).squareRoot()
            / kernel.sigma
        return erfc(distance / 8.0.squareRoot())
    }

    /// What residual correction leaves of a draft network's error.
    ///
    /// The shares were measured on the studio pair 0.8.0 in 50 steps (`underpaint lab exact`). How much one step's error
    /// tells of the next is a matter of the steps' length and of the models; for a choice of windows it is near enough.
    public func corrected(by correction: ResidualCorrection) -> DraftErrorCurve {
        guard let left = Self.leftByCorrection[correction] else { return self }
        let times = Set(points.map(\.t) + left.points.map(\.t)).sorted()
        return DraftErrorCurve(sorted: times.map { Point(t: $0, r: error(at: $0) * left.error(at: $0)) })
    }

    /// The error of held pictures, measured like the shares; held drafts always have at least the last residual.
    public static func held(_ correction: ResidualCorrection) -> DraftErrorCurve {
        correction == .ahead ? heldAhead : heldLast
    }

    private static let measuredTimes = [0.35, 0.67, 0.85, 0.96]
    private static let leftByCorrection: [ResidualCorrection: DraftErrorCurve] = [
        .last: measured([0.48, 0.52, 0.55, 0.77]), .ahead: measured([0.09, 0.19, 0.23, 0.53]),
    ]
    private static let heldLast = measured([0.177, 0.162, 0.378, 0.899])
    private static let heldAhead = measured([0.051, 0.079, 0.303, 0.813])

    private static func measured(_ values: [Double]) -> DraftErrorCurve {
        DraftErrorCurve(sorted: zip(measuredTimes, values).map { Point(t: $0, r: $1) })
    }
}
