import Graphs
import Tensors

/// The compiled text encoder: prompts in, conditioning out. For one thread at a time.
public final class StudioText {
    private let tokenizer: Tokenizer
    private let executable: any ExecutableGraph
    private let backendName: String
    private let width: Int
    private var knownUnconditional: Conditioning?

    init(
        _ encoder: TextEncoder, _ tokenizer: Tokenizer, _ weights: SafetensorsFile, _ backend: any Backend
    ) throws {
        self.tokenizer = tokenizer
        self.width = encoder.width
        self.backendName = backend.name
        executable = try backend.compile(encoder.graph(batch: 1), parameters: weights)
    }

    /// A prompt, tokenized and encoded.
    public struct Prompt: Sendable {
        public let tokens: Tokens
        public let conditioning: Conditioning
    }

    /// Encodes any string; the tokens tell what was not understood.
    ///
    /// - Throws: what the backend throws.
    public func encode(_ prompt: String) throws -> Prompt {
        let tokens = tokenizer.encode(prompt)
        return Prompt(tokens: tokens, conditioning: try conditioning(of: tokens))
    }

    /// The conditioning of the empty prompt, computed once.
    ///
    /// - Throws: what the backend throws.
    public func unconditional() throws -> Conditioning {
        if let knownUnconditional { return knownUnconditional }
        let conditioning = try conditioning(of: tokenizer.unconditional)
        knownUnconditional = conditioning
        return conditioning
    }

    private func conditioning(of tokens: Tokens) throws -> Conditioning {
        let outputs = try executable.run(["ids": Tensor([1, tokens.ids.count], tokens.ids)])
        let count = tokens.ids.count * width
        return Conditioning(
            tokens: try outputs.floats("tokens", count: count, backend: backendName),
            pooled: try outputs.floats("pooled", count: width, backend: backendName))
    }
}
