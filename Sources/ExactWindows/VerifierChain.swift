public import Diffusion
import LatentCoding
public import Speculation

/// The verifier's half of an exact chain that an edge drafts: the chain's true state between two windows.
public struct VerifierChain: Sendable {
    public private(set) var chain: ExactChain
    private let correction: ResidualCorrection
    private var known: KnownPictures
    public private(set) var telemetry = ExactTelemetry(placement: .edge)

    public init(plan: ExactPlan, correction: ResidualCorrection) {
        chain = ExactChain(plan: plan)
        self.correction = correction
        known = KnownPictures(shape: plan.randomness.shape)
    }

    /// The drafted steps of a window that came from the edge.
    ///
    /// - Throws: `VerifierError`: `invalidJob` for a window of other steps than the chain's next ones, `invalidLatent`
    ///   for pictures that are none, or of elements that no picture has.
    public func window(_ exchange: WindowExchange) throws(VerifierError) -> DraftedWindow {
        guard exchange.firstStep == chain.step, exchange.codedPictures.isEmpty == chain.isAtTail,
            exchange.codedPictures.count <= max(0, chain.plan.tailStep - chain.step)
        else {
            throw VerifierError(
                .invalidJob,
                "window \(exchange.index) has \(exchange.codedPictures.count) steps from \(exchange.firstStep) on; the "
                    + "chain is at step \(chain.step) and may be drafted up to \(chain.plan.tailStep)")
        }
        var window = chain.window()
        for frame in exchange.codedPictures {
            let reference = known.reference(forStep: window.nextStep, previous: window.pictures.last)
            let picture: Latent
            do throws(LatentCodingError) {
                picture = try PictureDifferenceCode.decode(frame, from: reference)
            } catch {
                throw VerifierError(.invalidLatent, error.description)
            }
            try picture.checkReceived()
            window.append(picture)
        }
        return window
    }

    /// Judges a window; nil where the verifier goes on alone, and the edge need not know more.
    ///
    /// - Throws: `DiffusionError` or `LatentCodingError`; the chain is then as it was.
    public mutating func settle(_ window: DraftedWindow, velocities: [Latent], receivedBytes: Int) throws
        -> WindowVerdict?
    {
        var next = self
        let settled = try next.chain.settle(window, velocities: velocities)
        next.telemetry.add(settled, draftEvaluations: window.count)
        next.telemetry.sentBytes += receivedBytes
        guard !next.chain.isAtTail else {
            self = next
            return nil
        }
        let last = settled.settledCount - 1
        let end = correction == .ahead ? window.count : last + 1
        var (frames, pictures) = ([[UInt8]](), [Latent]())
        for i in last..<end {
            let coded = try PictureDifferenceCode.encode(
                settled.verifierPictures[i], from: window.pictures[i],
                tolerance: chain.plan.pictureTolerance(ofStep: window.firstStep + i))
            frames.append(coded.bytes)
            pictures.append(coded.picture)
        }
        next.known.learn(pictures, lastSettledStep: window.firstStep + last)
        let verdict = WindowVerdict(
            acceptedCount: settled.acceptedCount, draftedCount: window.count, codedResiduals: frames)
        next.telemetry.receivedBytes += verdict.byteCount
        self = next
        return verdict
    }

    /// Takes the steps that are left, once the chain is at its tail.
    ///
    /// - Parameter report: gets every step; throw to stop, which leaves the chain where it is.
    public mutating func finish(
        with model: inout some VelocityPredicting, report: (VerificationEvent) throws -> Void
    ) throws -> Latent {
        let sampler = ExactSampler(plan: chain.plan, window: .auto, draft: .held, correction: .none)
        try sampler.takeTail(&chain, verifying: &model, telemetry: &telemetry, report: report)
        return chain.state
    }
}
