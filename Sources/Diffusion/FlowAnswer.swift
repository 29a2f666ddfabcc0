/// What a model answers to a `FlowQuestion`, by its subject.
public enum FlowAnswer: Hashable, Sendable {
    case velocity(Latent)
    case prompt(PromptContrast)
    /// Log odds that the picture shows the prompt.
    case agreement(Float)
    /// Log odds that the state is one of the verifier's and none of the draft's.
    case likeness(Float)

    var latents: [Latent] {
        switch self {
        case .velocity(let velocity): [velocity]
        case .prompt(let contrast): [contrast.prompted, contrast.unprompted]
        case .agreement, .likeness: []
        }
    }
}

/// The velocities at the same state with the prompt and with the empty one, without guidance.
public struct PromptContrast: Hashable, Sendable {
    public let prompted: Latent
    public let unprompted: Latent

    public init(prompted: Latent, unprompted: Latent) {
        self.prompted = prompted
        self.unprompted = unprompted
    }
}

/// The answers of one batch, and what they cost.
public struct FlowAnswers: Hashable, Sendable {
    /// One for each question, in order.
    public let rows: [FlowAnswer]
    /// In velocities as the sampler takes them: a question about the prompt is one where guidance computes both halves
    /// anyway, and two where a velocity needs but one. A critic's answer is none: it is not the model's.
    public let evaluationCount: Int

    public init(rows: [FlowAnswer], evaluationCount: Int) {
        self.rows = rows
        self.evaluationCount = evaluationCount
    }
}
