/// The stochastic step t → s, the Gaussian N(m(x), σ²) that exact speculation compares (ALGORITHMS.md §5).
///
/// σ = η·s·√(1 − ((1−t)·s / ((1−s)·t))²) and m(x) = (1−s)·x̂₀ + √(s² − σ²)·ξ̂. With η = 0 it is the Euler
/// step; at t = 1 it is well defined and at s = 0 it adds no noise.
public struct AncestralKernel: Hashable, Sendable {
    public let time: Double
    public let nextTime: Double
    /// σ: the standard deviation of the noise that the step adds to each element.
    public let sigma: Double
    /// √(s² − σ²): how much of the state's own noise stays.
    public let keptNoise: Double

    /// - Precondition: 0 ≤ `nextTime` < `time` ≤ 1 and 0 ≤ `eta` ≤ 1.
    public init(from time: Double, to nextTime: Double, eta: Double) {
        precondition(0 <= nextTime && nextTime < time && time <= 1, "no step from \(time) to \(nextTime)")
        precondition(0 <= eta && eta <= 1, "η is \(eta)")
        let ratio = ((1 - time) * nextTime) / ((1 - nextTime) * time)
        let sigma = eta * nextTime * max(0, 1 - ratio * ratio).squareRoot()
        self.time = time
        self.nextTime = nextTime
        self.sigma = sigma
        self.keptNoise = max(0, nextTime * nextTime - sigma * sigma).squareRoot()
    }

    /// m(x): the mean of the next state.
    ///
    /// - Precondition: `state` and `velocity` have the same shape.
    public func mean(state: Latent, velocity: Latent) -> Latent {
        let (pictureShare, noiseShare) = (Float(1 - nextTime), Float(keptNoise))
        let picture = pictureEstimate(state: state, velocity: velocity, time: time)
        let noise = noiseEstimate(state: state, velocity: velocity, time: time)
        return picture.combined(with: noise) { x0, xi in pictureShare * x0 + noiseShare * xi }
    }

    /// The share of the state in m, once m is written with the picture x̂₀ instead of the velocity:
    /// m = (√(s² − σ²)/t)·x + pictureShare·x̂₀.
    public var stateShare: Double { keptNoise / time }

    /// The share of the picture in m: (1−s) − √(s² − σ²)·(1−t)/t.
    public var pictureShare: Double { (1 - nextTime) - keptNoise * (1 - time) / time }

    /// m(x) from the picture that is seen in x; the noise ξ̂ = (x − (1−t)·x̂₀)/t follows from both.
    ///
    /// - Precondition: `state` and `picture` have the same shape.
    public func mean(state: Latent, picture: Latent) -> Latent {
        let (stateShare, pictureShare) = (Float(stateShare), Float(pictureShare))
        return state.combined(with: picture) { x, x0 in stateShare * x + pictureShare * x0 }
    }

    /// x_s = m + σ·z for standard normal z.
    ///
    /// - Precondition: `mean` and `noise` have the same shape.
    public func sample(mean: Latent, noise: Latent) -> Latent {
        let sigma = Float(sigma)
        return mean.combined(with: noise) { m, z in m + sigma * z }
    }
}
