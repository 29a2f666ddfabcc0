public import Diffusion

/// Some drafted steps that wait for the verifier.
///
/// A draft says what picture x̂₀ it sees in a state; everything else follows: m_p(x) is the mean of the step towards that
/// picture, and the step's known noise leads to the next state. So only pictures need to travel, and what is rounded on
/// the way is part of m_p, not of the noise: the drafted step stays N(m_p, σ²) with an m_p that both sides know.
public struct DraftedWindow: Hashable, Sendable {
    /// n of the first drafted step.
    public let firstStep: Int
    /// x̂₀ of each drafted step.
    public private(set) var pictures: [Latent] = []
    /// m_p of each drafted step.
    public private(set) var means: [Latent] = []
    /// y_0 … y_L: the state before each drafted step, and the one after the last.
    public private(set) var states: [Latent]
    let plan: ExactPlan

    /// A window that begins at a state.
    ///
    /// - Precondition: step 0…N−1.
    public init(from state: Latent, step: Int, plan: ExactPlan) {
        precondition(plan.kernels.indices.contains(step), "no window from step \(step)")
        self.firstStep = step
        self.states = [state]
        self.plan = plan
    }

    /// L: how many steps are drafted.
    public var count: Int { pictures.count }
    /// n of the next step to draft.
    public var nextStep: Int { firstStep + count }
    /// The state to draft the next step from.
    public var state: Latent { states[count] }
    /// y_0 … y_{L−1}: where the verifier's velocities are needed, in one batch.
    public var statesToVerify: [Latent] { Array(states.prefix(count)) }
    /// t of each of them.
    public var timesToVerify: [Double] { (firstStep..<nextStep).map { plan.schedule.times[$0] } }

    /// Drafts one step more.
    ///
    /// - Precondition: `picture` has the state's shape, and `nextStep` is before the tail.
    public mutating func append(_ picture: Latent) {
        precondition(nextStep < plan.tailStep, "step \(nextStep) belongs to the verifier")
        let kernel = plan.kernels[nextStep]
        let mean = kernel.mean(state: state, picture: picture)
        let noise = plan.randomness.noise(ofStep: nextStep)
        pictures.append(picture)
        means.append(mean)
        states.append(kernel.sample(mean: mean, noise: noise))
    }
}
