// The rectified flow x_t = (1 − t)·x₀ + t·ξ with velocity v = ξ − x₀, element by element.
//
// One rounding rule for the whole module: coefficients are computed in Double and rounded to Float once;
// elements are Float, each operation rounded once, in the order in which it is written here. The edge and
// the verifier therefore get the same bits from the same inputs.

/// x̂₀ = x − t·v: the picture that a velocity points to.
public func pictureEstimate(state: Latent, velocity: Latent, time: Double) -> Latent {
    let t = Float(time)
    return state.combined(with: velocity) { x, v in x - t * v }
}

/// ξ̂ = x + (1 − t)·v: the noise that a velocity points away from.
public func noiseEstimate(state: Latent, velocity: Latent, time: Double) -> Latent {
    let pictureShare = Float(1 - time)
    return state.combined(with: velocity) { x, v in x + pictureShare * v }
}

/// x_t = (1 − t)·x₀ + t·ξ: a picture with noise laid over it.
///
/// At t = 1 this is ξ and at t = 0 the picture, exactly.
public func noisedState(picture: Latent, noise: Latent, time: Double) -> Latent {
    if time == 1 { return noise }
    let (pictureShare, noiseShare) = (Float(1 - time), Float(time))
    return picture.combined(with: noise) { s, xi in pictureShare * s + noiseShare * xi }
}
