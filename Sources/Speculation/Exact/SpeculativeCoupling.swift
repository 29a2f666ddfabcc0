public import Diffusion

/// A rule that turns a drafted step into a step of the verifier's own law.
///
/// A value without state, so that a test can put a wrong rule where the right one belongs and see its statistics fail.
public protocol SpeculativeCoupling: Sendable {
    /// Judges the drafted state m_p + σ·z.
    ///
    /// - Parameters:
    ///   - draftMean: m_p, chosen without knowledge of z and u.
    ///   - verifierMean: m_q at the same state.
    ///   - noise: z, standard normal, of the means' shape.
    ///   - sigma: σ > 0, the same for both.
    ///   - logUniform: ln u for u uniform in (0, 1) and independent of z.
    func couple(
        draftMean: Latent, verifierMean: Latent, noise: Latent, sigma: Double, logUniform: Double
    ) -> CoupledStep
}

/// One step after its judgement.
public struct CoupledStep: Hashable, Sendable {
    /// The next state: the drafted one, or another draw from the verifier's step.
    public let state: Latent
    public let isAccepted: Bool
    /// ‖Δ‖ = ‖m_p − m_q‖/σ over all elements; P(accept) = 2Φ(−‖Δ‖/2).
    public let distance: Double

    public init(state: Latent, isAccepted: Bool, distance: Double) {
        self.state = state
        self.isAccepted = isAccepted
        self.distance = distance
    }
}

/// The maximal coupling of N(m_p, σ²) and N(m_q, σ²) by reflection (arXiv 2501.05370, algorithm 4).
///
/// With Δ = (m_p − m_q)/σ the drafted state m_p + σ·z is kept if u ≤ exp(−⟨z, Δ⟩ − ½‖Δ‖²), the ratio of the two joint
/// densities there (compared as logarithms): sums over all elements, not means. Else z is mirrored in the plane between the means:
/// m_q + σ·(z − 2e⟨e, z⟩) with e = Δ/‖Δ‖. Either way the result is N(m_q, σ²), whatever m_p is: where the ratio r(z) is
/// below 1 the draft's surplus density φ(z)(1 − r(z)) is moved, by the mirror image, to exactly where the verifier's
/// density lacks it.
public struct ReflectionCoupling: SpeculativeCoupling {
    public init() {}

    public func couple(
        draftMean: Latent, verifierMean: Latent, noise: Latent, sigma: Double, logUniform: Double
    ) -> CoupledStep {
        let (projection, square) = Self.products(draftMean, verifierMean, noise, sigma: Float(sigma))
        let isAccepted = logUniform <= -projection - square / 2
        let state =
            isAccepted
            ? Self.moved(draftMean, by: noise, sigma: Float(sigma))
            : Self.mirrored(draftMean: draftMean, verifierMean: verifierMean, noise: noise, sigma: sigma)
        return CoupledStep(state: state, isAccepted: isAccepted, distance: square.squareRoot())
    }

    /// m_q + σ·(z − 2e⟨e, z⟩): the exact step in place of a rejected one; m_q + σ·z where the means do not differ.
    public static func mirrored(draftMean: Latent, verifierMean: Latent, noise: Latent, sigma: Double) -> Latent {
        let sigma = Float(sigma)
        let (projection, square) = products(draftMean, verifierMean, noise, sigma: sigma)
        guard square > 0 else { return moved(verifierMean, by: noise, sigma: sigma) }
        // z − 2e⟨e, z⟩ = z − Δ·(2⟨Δ, z⟩/‖Δ‖²)
        let mirror = 2 * projection / square
        var mirrored = noise
        for i in mirrored.values.indices {
            mirrored.values[i] = Float(
                Double(noise.values[i]) - mirror * delta(draftMean, verifierMean, i, sigma: sigma))
        }
        return moved(verifierMean, by: mirrored, sigma: sigma)
    }

    /// ⟨z, Δ⟩ and ‖Δ‖².
    private static func products(
        _ draftMean: Latent, _ verifierMean: Latent, _ noise: Latent, sigma: Float
    ) -> (projection: Double, square: Double) {
        var (projection, square) = (0.0, 0.0)
        for i in noise.values.indices {
            let delta = delta(draftMean, verifierMean, i, sigma: sigma)
            projection += delta * Double(noise.values[i])
            square += delta * delta
        }
        return (projection, square)
    }

    private static func delta(_ draftMean: Latent, _ verifierMean: Latent, _ i: Int, sigma: Float) -> Double {
        (Double(draftMean.values[i]) - Double(verifierMean.values[i])) / Double(sigma)
    }

    private static func moved(_ mean: Latent, by noise: Latent, sigma: Float) -> Latent {
        var state = mean
        for i in state.values.indices { state.values[i] += sigma * noise.values[i] }
        return state
    }
}
