public import Diffusion

/// The picture in a state: what is left when the seed's noise is taken out (ALGORITHMS.md §3).
///
/// For the steps of `FlowWalk` s_n = (x_n − t_n·ξ) / (1 − t_n) is an affine combination of the draft's own picture
/// estimates, smooth where x_n is noisy. It travels; the other side puts the same noise back (`noisedState`),
/// with the same bits from the same arguments.
public enum SeedResidual {
    /// s = (x − t·ξ) / (1 − t), computed as (x − t·ξ)·(1 / (1 − t)) with both coefficients rounded to `Float`.
    ///
    /// - Parameter time: t of the state, in 0 ..< 1. At t = 1 the state is the noise and holds no picture.
    /// - Throws: `LatentCodingError.noPictureAtTime` for any other time.
    /// - Precondition: `state` and `noise` have the same shape.
    public static func estimate(
        state: Latent, noise: Latent, time: Double
    ) throws(LatentCodingError) -> Latent {
        precondition(state.shape == noise.shape, "a state of \(state.shape) has no noise of \(noise.shape)")
        guard time >= 0, time < 1 else { throw .noPictureAtTime(time) }
        let (noiseShare, gain) = (Float(time), Float(1 / (1 - time)))
        var result = state
        for i in result.values.indices {
            result.values[i] = (state.values[i] - noiseShare * noise.values[i]) * gain
        }
        return result
    }
}
