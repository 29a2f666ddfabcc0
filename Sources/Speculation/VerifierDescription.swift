public import Diffusion

/// A verifier model that a client may ask for.
public struct VerifierModel: Hashable, Sendable, Codable {
    public var identity: ModelIdentity
    /// The drafts that it finishes pictures for.
    public var drafts: [ModelIdentity]
    /// The latent shapes it was trained for; empty when it takes any shape.
    public var latentShapes: [LatentShape]
    /// How fast it works, at its own picture size and with guidance; nil while it has not measured it.
    public var pace: VerifierPace?

    public init(
        identity: ModelIdentity, drafts: [ModelIdentity], latentShapes: [LatentShape], pace: VerifierPace? = nil
    ) {
        self.identity = identity
        self.drafts = drafts
        self.latentShapes = latentShapes
        self.pace = pace
    }
}

/// What a verifier says of itself before anybody sends it a job.
public struct VerifierDescription: Hashable, Sendable, Codable {
    public var models: [VerifierModel]
    /// Whether a job would be taken now: models are loaded and the verifier is not stopping.
    public var isReady: Bool
    /// Jobs that wait for their turn, the running one left out.
    public var waitingJobCount: Int
    /// Seconds until a job that comes now would begin; nil while the verifier cannot tell.
    public var expectedWaitSeconds: Double?

    public init(
        models: [VerifierModel], isReady: Bool, waitingJobCount: Int, expectedWaitSeconds: Double? = nil
    ) {
        self.models = models
        self.isReady = isReady
        self.waitingJobCount = waitingJobCount
        self.expectedWaitSeconds = expectedWaitSeconds
    }
}
