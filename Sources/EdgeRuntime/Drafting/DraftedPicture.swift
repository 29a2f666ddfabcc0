public import Diffusion
public import Speculation

/// What the draft's half of a picture is.
public struct DraftedPicture: Sendable {
    /// All that the verifier needs.
    public let job: VerificationJob
    /// s_n as the verifier will decode it; the finished latent when the draft took all steps.
    public let estimate: Latent  // [height, width, channel]
    /// Words of the prompt that the model does not know.
    public let unknownWords: [String]
    /// Of the time that it took, what went into compiling graphs: it comes once.
    public let preparationSeconds: Double

    public init(job: VerificationJob, estimate: Latent, unknownWords: [String], preparationSeconds: Double = 0) {
        self.job = job
        self.estimate = estimate
        self.unknownWords = unknownWords
        self.preparationSeconds = preparationSeconds
    }
}

/// Where a draft stands after a step.
public struct DraftStep: Sendable {
    public let done: Int
    /// Steps that the draft will take.
    public let total: Int
    /// s_n: the picture as the draft sees it now.
    public let estimate: Latent  // [height, width, channel]

    public init(done: Int, total: Int, estimate: Latent) {
        self.done = done
        self.total = total
        self.estimate = estimate
    }
}
