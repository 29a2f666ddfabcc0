/// One row of a batch in which a model is asked more than its velocity.
public struct FlowQuestion: Hashable, Sendable {
    public enum Subject: Hashable, Sendable {
        /// The velocity that the sampler takes, guidance applied.
        case velocity
        /// What the prompt adds: the velocities with it and with the empty one, without guidance.
        case prompt
    }

    public let subject: Subject
    /// x_t, in flow coordinates.
    public let state: Latent
    /// t in (0, 1].
    public let time: Double

    public init(_ subject: Subject, state: Latent, time: Double) {
        self.subject = subject
        self.state = state
        self.time = time
    }
}

/// What a model answers to a `FlowQuestion`, by its subject.
public enum FlowAnswer: Hashable, Sendable {
    case velocity(Latent)
    case prompt(PromptContrast)

    var latents: [Latent] {
        switch self {
        case .velocity(let velocity): [velocity]
        case .prompt(let contrast): [contrast.prompted, contrast.unprompted]
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
    /// anyway, and two where a velocity needs but one.
    public let evaluationCount: Int

    public init(rows: [FlowAnswer], evaluationCount: Int) {
        self.rows = rows
        self.evaluationCount = evaluationCount
    }
}

/// A model that can be asked what the prompt adds.
public protocol PromptComparing: VelocityPredicting {
    /// The answers to the questions of one batch, whose states have one shape.
    mutating func answers(to questions: [FlowQuestion]) throws -> FlowAnswers
}

extension PromptComparing {
    /// `answers`, with the count and shapes of the result checked.
    ///
    /// - Throws: `DiffusionError.rowCountMismatch` or `.shapeMismatch`, or what the model throws.
    public mutating func checkedAnswers(to questions: [FlowQuestion]) throws -> FlowAnswers {
        let result = try answers(to: questions)
        guard result.rows.count == questions.count else {
            throw DiffusionError.rowCountMismatch(expected: questions.count, got: result.rows.count)
        }
        for (question, answer) in zip(questions, result.rows) {
            for velocity in answer.latents where question.state.shape != velocity.shape {
                throw DiffusionError.shapeMismatch(expected: question.state.shape, got: velocity.shape)
            }
        }
        return result
    }
}
