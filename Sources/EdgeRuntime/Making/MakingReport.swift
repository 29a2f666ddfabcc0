import Diffusion
public import Speculation

/// Who made a picture.
public enum PictureOrigin: String, Hashable, Sendable, Codable {
    /// The draft took all steps; nobody checked it.
    case draftOnly = "draft only"
    /// The draft began and the verifier finished.
    case hybrid
    /// The verifier took all steps.
    case verifierOnly = "verifier only"
}

/// What a picture cost, on both sides.
public struct MakingReport: Hashable, Sendable, Codable {
    public let origin: PictureOrigin
    /// N of the draft's schedule.
    public let stepCount: Int
    /// N of the verifier's schedule.
    public let verifierStepCount: Int
    /// Steps that the draft took; in mode `exact` those of them that were accepted.
    public let draftSteps: Int
    /// Drafts that were made, of which the critic chose this one; 1 for a resumed picture.
    public let candidateCount: Int
    /// Text encoding, drafting of all candidates and coding on this machine; 0 for a resumed picture.
    public let edgeSeconds: Double
    /// Of these, what went into compiling the draft's graphs: of the first picture of a size in a process.
    public let edgePreparationSeconds: Double
    /// From sending the job to having the picture, as seen from here; 0 where no verifier took part.
    public let verifierSeconds: Double
    /// Bytes of the coded latent that travelled, 0 where none did; in mode `exact` those of all drafted pictures.
    public let latentBytes: Int
    /// Bytes of the same latent at two bytes an element.
    public let rawLatentBytes: Int
    /// Seconds in which the job waited at the verifier for its turn, as seen from here.
    public let queuedSeconds: Double
    /// Bytes of what came back.
    public let resultBytes: Int
    /// What the verifier says of its part, nil when it had none.
    public let verification: VerificationTelemetry?
    /// Words of the prompt that the model does not know.
    public let unknownWords: [String]

    public init(
        job: VerificationJob, origin: PictureOrigin, candidateCount: Int = 1, edgeSeconds: Double,
        edgePreparationSeconds: Double = 0, verifierSeconds: Double,
        queuedSeconds: Double = 0, resultBytes: Int = 0, verification: VerificationTelemetry?, unknownWords: [String]
    ) {
        self.origin = origin
        stepCount = job.stepCount
        verifierStepCount = job.verifierStepCount
        draftSteps = verification?.exact?.acceptedSteps ?? job.handoffStep
        self.candidateCount = candidateCount
        self.edgeSeconds = edgeSeconds
        self.edgePreparationSeconds = edgePreparationSeconds
        self.verifierSeconds = verifierSeconds
        latentBytes = verification?.exact?.sentBytes ?? (origin == .draftOnly ? 0 : job.codedEstimate.count)
        rawLatentBytes = 2 * job.latentShape.elementCount
        self.queuedSeconds = queuedSeconds
        self.resultBytes = resultBytes
        self.verification = verification
        self.unknownWords = unknownWords
    }
}
