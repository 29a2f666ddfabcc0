public import Diffusion
public import Speculation

/// Wrong rules that a test must find: each is the reflection coupling with one mistake that somebody could make.
public enum BrokenCoupling: String, SpeculativeCoupling, CaseIterable {
    /// A rejected step is m_q + σ·z, with the z that was rejected.
    case noReflection
    /// The norm and the product are means over the elements.
    case meanInsteadOfSum
    /// exp(+⟨z, Δ⟩ − ½‖Δ‖²).
    case wrongSign
    /// Δ is computed with another σ than the noise has.
    case otherSigma
    /// One uniform for all steps.
    case sameUniform
    /// Every draft is taken.
    case alwaysAccepted
    /// The sign of the reflected noise along Δ stays, that across is turned.
    case reflectedAcross

    public func couple(
        draftMean: Latent, verifierMean: Latent, noise: Latent, sigma: Double, logUniform: Double
    ) -> CoupledStep {
        let believed = self == .otherSigma ? 2 * sigma : sigma
        let delta = zip(draftMean.values, verifierMean.values).map { (Double($0) - Double($1)) / believed }
        var projection = zip(delta, noise.values).reduce(0) { $0 + $1.0 * Double($1.1) }
        var square = delta.reduce(0) { $0 + $1 * $1 }
        let (sum, squareSum) = (projection, square)
        if self == .meanInsteadOfSum {
            projection /= Double(delta.count)
            square /= Double(delta.count)
        }
        let sign = self == .wrongSign ? 1.0 : -1.0
        // ln ½
        let logUniform = self == .sameUniform ? -0.6931471805599453 : logUniform
        let isAccepted = self == .alwaysAccepted || logUniform <= sign * projection - square / 2
        var state = isAccepted ? draftMean : verifierMean
        for i in state.values.indices {
            var z = Double(noise.values[i])
            if !isAccepted, self != .noReflection {
                z -= 2 * sum / squareSum * delta[i]
                if self == .reflectedAcross { z = -z }
            }
            state.values[i] += Float(sigma * z)
        }
        return CoupledStep(state: state, isAccepted: isAccepted, distance: squareSum.squareRoot())
    }
}
