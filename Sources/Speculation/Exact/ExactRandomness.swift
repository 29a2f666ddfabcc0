public import Diffusion

/// All the chance in an exact chain: a pure function of the seed, so edge and verifier have the same bits.
///
/// Step n (from t_n to t_{n+1}) adds the noise of stream n + 1 (ALGORITHMS.md §2; stream 0 is the initial ξ). Its accept
/// uniform is that of stream n + 1 of the same generator, made with another last word of the counter than any noise
/// (`NoiseGenerator.logUniform`).
public struct ExactRandomness: Hashable, Sendable {
    public let seed: UInt64
    public let shape: LatentShape

    public init(seed: UInt64, shape: LatentShape) {
        self.seed = seed
        self.shape = shape
    }

    /// ξ: the state at t = 1.
    public var start: Latent { NoiseGenerator(seed: seed).latent(shape, stream: 0) }

    /// z of step n: standard normal.
    public func noise(ofStep n: Int) -> Latent {
        NoiseGenerator(seed: seed).latent(shape, stream: UInt32(truncatingIfNeeded: n + 1))
    }

    /// ln u of step n, with u uniform in (0, 1) and independent of all noise.
    public func logUniform(ofStep n: Int) -> Double {
        NoiseGenerator(seed: seed).logUniform(stream: UInt32(truncatingIfNeeded: n + 1))
    }
}
