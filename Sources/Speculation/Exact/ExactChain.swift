public import Diffusion

/// The verifier's own stochastic chain, taken step by step or in accepted windows.
///
/// Why the law is the verifier's: let F be all that happened before step n: the noise and uniforms of earlier steps. The
/// drafted picture of step n, the window's length, and any correction in it are functions of F, never of step n's own z
/// and u. Given F the coupling returns a draw from N(m_q(x_n), σ²), so the chain has the verifier's transition at every
/// step, however the drafts were made. Two things would break this and are excluded: a draft for step n made from a state
/// after it, and a decision to draft or not that looks at judgements after the first rejection.
public struct ExactChain: Hashable, Sendable {
    public let plan: ExactPlan
    /// n of the next step.
    public private(set) var step = 0
    /// x_n.
    public private(set) var state: Latent

    public init(plan: ExactPlan) {
        self.plan = plan
        self.state = plan.randomness.start
    }

    /// Whether only the verifier's own steps are left.
    public var isAtTail: Bool { step >= plan.tailStep }
    public var isFinished: Bool { step >= plan.stepCount }

    /// An empty window that begins here.
    public func window() -> DraftedWindow { DraftedWindow(from: state, step: step, plan: plan) }

    /// Judges a window in order: accepted steps, then one exact step in place of the first rejected one; the rest of the
    /// window is discarded.
    ///
    /// - Parameter velocities: the verifier's at `window.statesToVerify`.
    /// - Throws: `DiffusionError.notFinite` with the step, before anything changes.
    /// - Precondition: the window was drafted from this chain's state, and has a velocity for each step.
    public mutating func settle(
        _ window: DraftedWindow, velocities: [Latent], by coupling: some SpeculativeCoupling = ReflectionCoupling()
    ) throws(DiffusionError) -> SettledWindow {
        precondition(window.firstStep == step && window.states[0] == state, "the window is of another state")
        precondition(velocities.count == window.count, "\(velocities.count) velocities for \(window.count) steps")
        var settled = SettledWindow(firstStep: step, draftedCount: window.count)
        for i in 0..<window.count {
            let n = window.firstStep + i
            let kernel = plan.kernels[n]
            guard velocities[i].isFinite else { throw .notFinite(step: n) }
            settled.verifierPictures.append(
                pictureEstimate(state: window.states[i], velocity: velocities[i], time: kernel.time))
        }
        var next = state
        for i in 0..<window.count {
            let n = window.firstStep + i
            let kernel = plan.kernels[n]
            let coupled = coupling.couple(
                draftMean: window.means[i],
                verifierMean: kernel.mean(state: window.states[i], picture: settled.verifierPictures[i]),
                noise: plan.randomness.noise(ofStep: n), sigma: kernel.sigma,
                logUniform: plan.randomness.logUniform(ofStep: n))
            guard coupled.state.isFinite else { throw .notFinite(step: n) }
            settled.distances.append(coupled.distance)
            next = coupled.state
            guard coupled.isAccepted else { break }
            settled.acceptedCount += 1
        }
        state = next
        step += settled.settledCount
        return settled
    }

    /// Takes one step of the verifier alone.
    ///
    /// - Throws: `DiffusionError.notFinite` with the step.
    public mutating func takeOwnStep(velocity: Latent) throws(DiffusionError) {
        let kernel = plan.kernels[step]
        let picture = pictureEstimate(state: state, velocity: velocity, time: kernel.time)
        let mean = kernel.mean(state: state, picture: picture)
        let next =
            kernel.sigma == 0
            ? mean : kernel.sample(mean: mean, noise: plan.randomness.noise(ofStep: step))
        guard next.isFinite else { throw .notFinite(step: step) }
        state = next
        step += 1
    }
}

/// What became of a window.
public struct SettledWindow: Hashable, Sendable {
    public let firstStep: Int
    public let draftedCount: Int
    public fileprivate(set) var acceptedCount = 0
    /// ‖Δ‖ of each step that was judged.
    public fileprivate(set) var distances: [Double] = []
    /// x̂₀ of the verifier at every drafted state, also at the discarded ones.
    public fileprivate(set) var verifierPictures: [Latent] = []

    init(firstStep: Int, draftedCount: Int) {
        self.firstStep = firstStep
        self.draftedCount = draftedCount
    }

    /// Steps that the chain has gone: the accepted ones and the one in place of a rejected one.
    public var settledCount: Int { min(acceptedCount + 1, draftedCount) }
}
