public import Graphs
import Tensors

/// The prompt's encoder: a small pre-norm transformer without mask; padding is a token like any other.
public struct TextEncoder: Hashable, Sendable, Codable {
    /// Channels of a token.
    public let width: Int
    public let headCount: Int
    public let layerCount: Int
    /// Tokens of a prompt, padding included.
    public let tokenCount: Int
    /// Rows of the embedding table.
    public let vocabularySize: Int

    static let normEpsilon: Float = 1e-5

    public init(width: Int, headCount: Int, layerCount: Int, tokenCount: Int, vocabularySize: Int) {
        self.width = width
        self.headCount = headCount
        self.layerCount = layerCount
        self.tokenCount = tokenCount
        self.vocabularySize = vocabularySize
    }

    /// The first hyperparameter that no network can have, in words; nil if all are in order.
    public var fault: String? {
        if let fault = Bounds.fault(
            ("width", width, Bounds.widths), ("headCount", headCount, Bounds.headCounts),
            ("layerCount", layerCount, Bounds.layerCounts), ("tokenCount", tokenCount, Bounds.tokenCounts),
            ("vocabularySize", vocabularySize, Bounds.vocabularySizes))
        {
            return fault
        }
        return width % headCount == 0 ? nil : "width \(width) is not a multiple of headCount \(headCount)"
    }

    /// The network for a number of prompts.
    ///
    /// Input: `ids` [batch, tokenCount], int32, each in 0..<vocabularySize. Outputs: `tokens`
    /// [batch, tokenCount, width] and their mean, `pooled` [batch, width].
    ///
    /// - Throws: `ShapeError` if `fault` is not nil.
    public func graph(batch: Int) throws(ShapeError) -> Graph {
        try Bounds.check(fault ?? Bounds.fault(("batch", batch, 1...4096)), "TextEncoder")
        var builder = GraphBuilder()
        let ids = builder.input("ids", [batch, tokenCount], .int32)
        var x = try builder.embedding(ids, "token_embedding", count: vocabularySize, width: width)
        x = try builder.add(x, builder.parameter("position_embedding", [tokenCount, width]))
        for layer in 0..<layerCount {
            x = try builder.scoped(to: "blocks.\(layer)") { builder throws(ShapeError) in
                try block(&builder, x)
            }
        }
        let tokens = try builder.layerNorm(x, "norm", epsilon: Self.normEpsilon)
        builder.output("tokens", tokens)
        builder.output("pooled", try builder.mean(tokens, axis: 1))
        return builder.graph
    }

    /// x [batch, token, width] → as x
    private func block(_ builder: inout GraphBuilder, _ x: ValueID) throws(ShapeError) -> ValueID {
        var h = try builder.layerNorm(x, "norm1", epsilon: Self.normEpsilon)
        let qkv = try builder.split(builder.linear(h, "qkv", outputs: 3 * width), axis: 2, parts: 3)
        h = try builder.attention(qkv[0], qkv[1], qkv[2], headCount: headCount)
        let middle = try builder.add(x, builder.linear(h, "proj", outputs: width))
        h = try builder.layerNorm(middle, "norm2", epsilon: Self.normEpsilon)
        h = try builder.activation(builder.linear(h, "fc1", outputs: 4 * width), .geluTanh)
        return try builder.add(middle, builder.linear(h, "fc2", outputs: width))
    }
}
