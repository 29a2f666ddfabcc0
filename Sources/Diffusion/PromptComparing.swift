/// A model that answers all that a check asks: velocities, what the prompt adds, and what a critic says.
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
