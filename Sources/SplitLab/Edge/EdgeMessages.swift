public import Speculation

/// One run, as the lab asks its edge for it: one JSON line.
public struct EdgeRequest: Hashable, Sendable, Codable {
    /// The relay's address.
    public var verifier: String
    public var order: StepOrder
    public var mode: SpeculationMode
    public var prompt: String
    public var seed: UInt64
    public var stepCounts: StepCounts
    /// nil is the models' own.
    public var shift: Double?
    /// The draft's share of the steps; nil lets the cost model choose.
    public var split: Double?
    /// Where the picture is to be written.
    public var pictureFile: String

    public init(
        verifier: String, order: StepOrder, mode: SpeculationMode, prompt: String, seed: UInt64, stepCounts: StepCounts,
        shift: Double?, split: Double?, pictureFile: String
    ) {
        self.verifier = verifier
        self.order = order
        self.mode = mode
        self.prompt = prompt
        self.seed = seed
        self.stepCounts = stepCounts
        self.shift = shift
        self.split = split
        self.pictureFile = pictureFile
    }
}

/// What a run came to, as the edge saw it: one JSON line. Either an outcome or an error.
public struct EdgeReply: Hashable, Sendable, Codable {
    public var outcome: EdgeOutcome?
    public var error: String?

    public init(outcome: EdgeOutcome? = nil, error: String? = nil) {
        self.outcome = outcome
        self.error = error
    }
}

/// The figures of one run.
public struct EdgeOutcome: Hashable, Sendable, Codable {
    public var draftSteps: Int
    /// From having the request to having the picture, without planning.
    public var totalSeconds: Double
    /// Drafting, coding and decoding on the edge.
    public var edgeSeconds: Double
    /// From sending the job to having its result; 0 without a verifier.
    public var verifierSeconds: Double
    public var queuedSeconds: Double
    /// Choosing the split, measurements included; 0 if it was given.
    public var planSeconds: Double
    /// The latent that travelled, in whichever direction.
    public var latentBytes: Int
    public var rawLatentBytes: Int
    /// What came back, a picture or a latent.
    public var resultBytes: Int
    public var verification: VerificationTelemetry?
    public var plan: PlanSummary?

    public init(
        draftSteps: Int, totalSeconds: Double, edgeSeconds: Double, verifierSeconds: Double, queuedSeconds: Double,
        planSeconds: Double, latentBytes: Int, rawLatentBytes: Int, resultBytes: Int,
        verification: VerificationTelemetry?, plan: PlanSummary?
    ) {
        self.draftSteps = draftSteps
        self.totalSeconds = totalSeconds
        self.edgeSeconds = edgeSeconds
        self.verifierSeconds = verifierSeconds
        self.queuedSeconds = queuedSeconds
        self.planSeconds = planSeconds
        self.latentBytes = latentBytes
        self.rawLatentBytes = rawLatentBytes
        self.resultBytes = resultBytes
        self.verification = verification
        self.plan = plan
    }
}

/// What the cost model chose and from which splits.
public struct PlanSummary: Hashable, Sendable, Codable {
    public var predictedSeconds: Double
    public var predictedVerifierSeconds: Double
    /// Hand-off steps that keep the bound on the loss.
    public var allowedSteps: [Int]

    public init(predictedSeconds: Double, predictedVerifierSeconds: Double, allowedSteps: [Int]) {
        self.predictedSeconds = predictedSeconds
        self.predictedVerifierSeconds = predictedVerifierSeconds
        self.allowedSteps = allowedSteps
    }
}
