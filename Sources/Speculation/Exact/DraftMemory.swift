public import Diffusion

/// Who draws the drafts of an exact chain.
public enum ExactDraft: String, Hashable, Sendable, Codable, CaseIterable {
    /// The draft network.
    case model
    /// Nobody: the pictures that the verifier saw last are held. Costs nothing and needs no second model.
    case held
}

/// What of the verifier's answers goes into later drafts.
public enum ResidualCorrection: String, Hashable, Sendable, Codable, CaseIterable {
    case none
    /// The difference between verifier and draft at the last step that was settled (arXiv 2606.02455).
    case last
    /// That, and the differences at the discarded states of a window that was cut short.
    case ahead

    /// What one more step in a window costs `WindowPolicy.auto`, as a share of a window of one. With `ahead` an evaluation at
    /// a state that is discarded is not lost: it makes the next draft of that step.
    public var rowCost: Double { self == .ahead ? 0.02 : 0.05 }
}

/// What the verifier's answers teach about the drafts to come.
///
/// The residual of step j is x̂₀_q(y_j) − x̂₀_p(y_j): the velocities' difference times −t_j, since x̂₀ = x − t·v. The draft
/// of step n becomes x̂₀_p(x_n) + residual, which only moves its mean m_p; σ stays, and the coupling is exact for any m_p
/// that does not depend on step n's own noise. That holds because a residual of step j is a function of y_j, made from
/// noise of the steps before j, and is used at steps n ≥ j only:
/// * `last` takes the last settled step's residual for every later step, as a constant velocity: times t_n/t_j;
/// * `ahead` also keeps the residuals at the discarded states y_j behind a rejection. The redrafted chain passes near
///   them, so for step j the residual of step j is by far the best guess. (With held drafts this is Picard's iteration
///   over the window.) What it must not do is use them before step j: y_j contains the noise of the steps before j.
///
/// For held drafts the draft is no picture at all (x̂₀_p = 0), the residual the verifier's own picture.
public struct DraftMemory: Hashable, Sendable {
    public let draft: ExactDraft
    public let correction: ResidualCorrection
    private let schedule: FlowSchedule
    private var latestEntry: Entry?
    private var ahead: [Int: Latent] = [:]

    private struct Entry: Hashable, Sendable {
        var step: Int
        var residual: Latent
    }

    /// Held drafts are nothing without a memory, so they have at least `last`.
    public init(draft: ExactDraft, correction: ResidualCorrection, schedule: FlowSchedule) {
        self.draft = draft
        self.correction = draft == .held && correction == .none ? .last : correction
        self.schedule = schedule
    }

    /// The picture to draft step n with.
    ///
    /// - Parameter own: x̂₀_p of the draft; zero for held drafts.
    public func corrected(_ own: Latent, step n: Int) -> Latent {
        if let residual = ahead[n] { return own.adding(residual) }
        guard let latestEntry else { return own }
        // A held picture is a picture, not a velocity: it does not shrink with the time.
        let factor = draft == .held ? 1 : schedule.times[n] / schedule.times[latestEntry.step]
        return own.adding(latestEntry.residual, times: Float(factor))
    }

    /// Learns from a settled window.
    ///
    /// - Parameters:
    ///   - own: x̂₀_p at every drafted state, without correction; zero for held drafts.
    ///   - verified: x̂₀_q at the same states, or at fewer, from the first on, where not all came back.
    ///   - settledCount: how many of the steps the chain has gone.
    public mutating func learn(firstStep: Int, own: [Latent], verified: [Latent], settledCount: Int) {
        guard correction != .none, settledCount > 0 else { return }
        let last = correction == .ahead ? verified.count : min(settledCount, verified.count)
        guard last > 0 else { return }
        latestEntry = Entry(step: firstStep + last - 1, residual: verified[last - 1].subtracting(own[last - 1]))
        ahead = ahead.filter { $0.key >= firstStep + own.count }
        for i in settledCount..<max(last, settledCount) {
            ahead[firstStep + i] = verified[i].subtracting(own[i])
        }
    }
}
