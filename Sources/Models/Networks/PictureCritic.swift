public import Graphs

/// The critic: does a picture show what a prompt asks for, and is it one of the verifier's own rather than the draft's?
///
/// A diffusion transformer's trunk over larger patches than a denoiser's, with a number for each answer at its end, the mean over
/// all tokens. It begins as the draft and is trained on pictures beside prompts that are true of them and prompts that are not,
/// and on pictures of both models; a question costs some three hundredths of a velocity of a verifier of six times its size.
public struct PictureCritic: Hashable, Sendable {
    /// All but the final layer; without guidance input.
    public let trunk: DiffusionTransformer
    /// Units of the positions from one token to the next: those of the denoiser that it began as.
    public let tokenSpacing: Double
    /// What it says of a picture, in the order of its outputs.
    public let answers: [Answer]

    /// Log odds.
    public enum Answer: String, Hashable, Sendable, Codable {
        /// That the picture shows the prompt.
        case prompt
        /// That the state is one of the verifier's and none of the draft's.
        case likeness
    }

    public init(trunk: DiffusionTransformer, tokenSpacing: Double, answers: [Answer] = [.prompt]) {
        self.trunk = trunk
        self.tokenSpacing = tokenSpacing
        self.answers = answers
    }

    /// The first hyperparameter that no network can have, in words; nil if all are in order.
    public var fault: String? {
        if let fault = trunk.fault { return fault }
        guard !trunk.hasGuidanceInput else { return "a critic takes no guidance scale" }
        guard tokenSpacing > 0, tokenSpacing <= 64 else { return "tokenSpacing \(tokenSpacing) is not in 0…64" }
        guard answers.contains(.prompt), Set(answers).count == answers.count else {
            return "answers are not 'prompt' and what else it says, each once"
        }
        return nil
    }

    /// The network for one shape of batch.
    ///
    /// Inputs: `latent` [batch, height, width, channel] in normalised coordinates, `time` [batch] in (0, 1],
    /// `tokens` [batch, textTokenCount, textWidth], `pooled` [batch, textWidth]. Output: `odds` [batch, answer], in the order
    /// of `answers`.
    ///
    /// - Parameters:
    ///   - height: rows of the latent, a multiple of the trunk's `patchSize`.
    ///   - width: columns of the latent, a multiple of the trunk's `patchSize`.
    /// - Throws: `ShapeError` if the shape does not fit or `fault` is not nil.
    public func graph(batch: Int, height: Int, width: Int) throws(ShapeError) -> Graph {
        try Bounds.check(fault, "PictureCritic")
        var builder = GraphBuilder()
        let tokens = try trunk.lastTokens(
            in: &builder, batch: batch, height: height, width: width, spacing: tokenSpacing)
        builder.output("odds", try builder.linear(builder.mean(tokens, axis: 1), "final_proj", outputs: answers.count))
        return builder.graph
    }
}

extension PictureCritic: Codable {
    private enum CodingKeys: String, CodingKey {
        case kind, tokenSpacing, answers
    }

    static let kind = "critic"

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        trunk = try DiffusionTransformer(from: decoder, kind: Self.kind)
        tokenSpacing = try container.decode(Double.self, forKey: .tokenSpacing)
        // The first critics had one answer and did not say so.
        answers = try container.decodeIfPresent([Answer].self, forKey: .answers) ?? [.prompt]
    }

    public func encode(to encoder: any Encoder) throws {
        try trunk.encode(to: encoder, kind: Self.kind)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(tokenSpacing, forKey: .tokenSpacing)
        try container.encode(answers, forKey: .answers)
    }
}
