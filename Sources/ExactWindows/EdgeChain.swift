public import Diffusion
import LatentCoding
public import Speculation

/// The edge's half of an exact chain whose windows a verifier judges elsewhere.
///
/// The verifier alone has the chain's true state. After a rejected step the edge knows it only nearly, because the residual
/// came back rounded; that makes its next drafts a little worse and the law no different, since the verifier computes each
/// m_p from the decoded picture and its own state. Where all steps are accepted the states agree again up to what is left
/// of that error, which every step shrinks.
public struct EdgeChain: Sendable {
    public let plan: ExactPlan
    public let window: WindowPolicy
    private var memory: DraftMemory
    private var history = WindowHistory()
    private var known: KnownPictures
    private var step = 0
    private var state: Latent
    /// What waits for its verdict.
    private(set) var pending: (drafted: DraftedWindow, own: [Latent])?
    public private(set) var draftEvaluations = 0

    public init(plan: ExactPlan, window: WindowPolicy, correction: ResidualCorrection) {
        self.plan = plan
        self.window = window
        memory = DraftMemory(draft: .model, correction: correction, schedule: plan.schedule)
        known = KnownPictures(shape: plan.randomness.shape)
        state = plan.randomness.start
    }

    /// n of the next step.
    public var nextStep: Int { step }

    /// Drafts the next window and codes its pictures; none where only the verifier's own steps are left.
    ///
    /// - Throws: `DiffusionError`, `LatentCodingError`, and what the model throws.
    public mutating func draft(with model: inout some VelocityPredicting) throws -> [[UInt8]] {
        let left = plan.tailStep - step
        guard left > 0 else { return [] }
        var (drafted, own) = (DraftedWindow(from: state, step: step, plan: plan), [Latent]())
        var frames: [[UInt8]] = []
        for _ in 0..<window.nextLength(after: history, rowCost: memory.correction.rowCost, limit: left) {
            let n = drafted.nextStep
            let picture = try drafted.draftedPicture(with: &model)
            // The edge goes on from the decoded picture: what is verified is what was drafted.
            let coded = try PictureDifferenceCode.encode(
                memory.corrected(picture, step: n), from: known.reference(forStep: n, previous: drafted.pictures.last),
                tolerance: plan.pictureTolerance(ofStep: n))
            own.append(picture)
            frames.append(coded.bytes)
            drafted.append(coded.picture)
            draftEvaluations += 1
        }
        pending = (drafted, own)
        return frames
    }

    /// Goes where the verifier says that the chain has gone.
    ///
    /// - Throws: `VerifierError` with `internalFailure` for a verdict that does not fit the window, or
    ///   `LatentCodingError` for residuals that are none.
    public mutating func follow(_ verdict: WindowVerdict) throws {
        guard let (drafted, own) = pending, verdict.draftedCount == drafted.count, verdict.settledCount > 0,
            (0...drafted.count).contains(verdict.acceptedCount)
        else { throw VerifierError(.internalFailure, "the verifier's verdict is about another window") }
        let last = verdict.settledCount - 1
        guard (1...drafted.count - last).contains(verdict.codedResiduals.count) else {
            throw VerifierError(
                .internalFailure, "the verifier sent \(verdict.codedResiduals.count) residuals for the window")
        }
        var verified: [Latent] = []
        for (i, frame) in verdict.codedResiduals.enumerated() {
            verified.append(try PictureDifferenceCode.decode(frame, from: drafted.pictures[last + i]))
        }
        let isRejected = verdict.acceptedCount < drafted.count
        state = isRejected ? exactState(drafted, at: last, picture: verified[0]) : drafted.states[drafted.count]
        known.learn(verified, lastSettledStep: drafted.firstStep + last)
        memory.learn(
            firstStep: drafted.firstStep, own: own, verified: own.prefix(last) + verified,
            settledCount: verdict.settledCount)
        history.add(accepted: verdict.acceptedCount, drafted: drafted.count)
        step += verdict.settledCount
        pending = nil
    }

    /// The step that the verifier took in place of a rejected one, from its rounded picture.
    private func exactState(_ drafted: DraftedWindow, at row: Int, picture: Latent) -> Latent {
        let n = drafted.firstStep + row
        let kernel = plan.kernels[n]
        return ReflectionCoupling.mirrored(
            draftMean: drafted.means[row],
            verifierMean: kernel.mean(state: drafted.states[row], picture: picture),
            noise: plan.randomness.noise(ofStep: n), sigma: kernel.sigma)
    }
}
