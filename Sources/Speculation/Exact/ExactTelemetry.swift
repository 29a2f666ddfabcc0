/// What an exact chain cost and how well its drafts were.
public struct ExactTelemetry: Hashable, Sendable, Codable {
    public var placement: ExactPlacement
    /// Batches of the verifier one after another, windows and tail together: what latency is made of.
    public var rounds = 0
    public var windows = 0
    /// Steps that were drafted, the discarded ones included.
    public private(set) var draftedSteps = 0
    /// Drafted steps that were judged: the accepted ones, and the first rejected one of each window.
    public private(set) var judgedSteps = 0
    public private(set) var acceptedSteps = 0
    /// The share of the judged steps that was accepted; stored, so that it is in what `--json` prints.
    public private(set) var acceptanceRate = 1.0
    /// Steps that the verifier took alone.
    public var tailSteps = 0
    /// States that the verifier evaluated, windows and tail together: what its machine works.
    public var verifierEvaluations = 0
    public var draftEvaluations = 0
    /// Bytes of coded pictures from the edge to the verifier and back; 0 where the verifier drafts for itself.
    public var sentBytes = 0
    public var receivedBytes = 0

    public init(placement: ExactPlacement) {
        self.placement = placement
    }

    /// For a telemetry that came from elsewhere.
    public mutating func setSteps(drafted: Int, judged: Int, accepted: Int) {
        (draftedSteps, judgedSteps, acceptedSteps) = (drafted, judged, accepted)
        acceptanceRate = judged == 0 ? 1 : Double(accepted) / Double(judged)
    }

    public mutating func add(_ window: SettledWindow, draftEvaluations: Int) {
        rounds += 1
        windows += 1
        setSteps(
            drafted: draftedSteps + window.draftedCount, judged: judgedSteps + window.settledCount,
            accepted: acceptedSteps + window.acceptedCount)
        verifierEvaluations += window.draftedCount
        self.draftEvaluations += draftEvaluations
    }

    mutating func addOwnStep() {
        rounds += 1
        tailSteps += 1
        verifierEvaluations += 1
    }
}
