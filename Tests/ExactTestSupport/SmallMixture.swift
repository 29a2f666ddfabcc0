public import Diffusion
import Foundation

/// The exact flow of a mixture of two normal pictures of four elements, N(±centre, deviation²) with equal weights.
public struct SmallMixture: VelocityPredicting, Sendable {
    public static let shape = LatentShape(height: 2, width: 2, channelCount: 1)
    /// A unit vector; the mixture's components lie along it.
    public static let axis: [Double] = [0.5, -0.5, 0.5, -0.5]

    /// Of one component along `axis`; the other is opposite. 0 is a single normal law.
    public var centre: Double
    public var deviation: Double
    /// Added to every element of x̂₀: a draft's error.
    public var offset: Double
    public private(set) var evaluations = 0

    public init(centre: Double, deviation: Double, offset: Double = 0) {
        self.centre = centre
        self.deviation = deviation
        self.offset = offset
    }

    public mutating func velocities(_ states: [Latent], at times: [Double]) -> [Latent] {
        evaluations += states.count
        return zip(states, times).map { velocity($0, $1) }
    }

    private func velocity(_ state: Latent, _ t: Double) -> Latent {
        let (share, variance) = (1 - t, (1 - t) * (1 - t) * deviation * deviation + t * t)
        var along = 0.0
        for i in 0..<4 { along += Double(state.values[i]) * Self.axis[i] }
        // The components' log-likelihoods differ by 2·along·share·centre/variance.
        let balance = tanh(along * share * centre / variance)
        var result = state
        for i in 0..<4 {
            let middle = centre * Self.axis[i] * balance
            let offsetFromMiddle = Double(state.values[i]) - share * middle
            let picture = middle + share * deviation * deviation / variance * offsetFromMiddle + offset
            result.values[i] = Float((Double(state.values[i]) - picture) / t)
        }
        return result
    }

    /// A latent's position along `axis`.
    public static func position(_ latent: Latent) -> Double {
        zip(latent.values, axis).reduce(0) { $0 + Double($1.0) * $1.1 }
    }
}

/// The law of the single normal picture (centre 0) under the verifier's own chain: every step is affine, so the state is
/// normal with a variance that follows from step to step; all means are zero.
public func chainVariance(deviation: Double, kernels: [AncestralKernel]) -> Double {
    var variance = 1.0
    for kernel in kernels {
        let share = 1 - kernel.time
        let gain = share * deviation * deviation / (share * share * deviation * deviation + kernel.time * kernel.time)
        let factor = kernel.stateShare + kernel.pictureShare * gain
        variance = factor * factor * variance + kernel.sigma * kernel.sigma
    }
    return variance
}
