public import Graphs
import Tensors

/// The denoiser: a diffusion transformer (arXiv 2212.09748) that sees the prompt both as extra keys and values
/// of every attention and through its modulation.
///
/// What differs from the paper: one modulation for all blocks plus a table for each (as in PixArt-α,
/// arXiv 2310.00426 §2.3), normalised queries and keys (arXiv 2302.05442 §2), rotary positions in two dimensions.
public struct DiffusionTransformer: Hashable, Sendable {
    /// Channels of a token; a multiple of 4.
    public let width: Int
    /// Attention heads; each takes `width / headCount` channels, a multiple of 4.
    public let headCount: Int
    /// Transformer blocks.
    public let layerCount: Int
    /// Latent pixels along one side of a token.
    public let patchSize: Int
    /// Channels of the latent.
    public let latentChannelCount: Int
    /// Channels of a token of the prompt.
    public let textWidth: Int
    /// Tokens of the prompt.
    public let textTokenCount: Int
    /// Whether the guidance scale is an input, as it is for a model distilled from a guided one.
    public let hasGuidanceInput: Bool

    /// Sinusoids that a time or a guidance scale is spread over.
    static let embeddingDimension = 256
    /// Times lie in 0…1 and are embedded as 0…1000, guidance scales w as 100·w: the sinusoids' periods begin at 2π.
    static let timeScale: Float = 1000
    static let guidanceScale: Float = 100
    static let normEpsilon: Float = 1e-6

    public init(
        width: Int, headCount: Int, layerCount: Int, patchSize: Int = 2, latentChannelCount: Int,
        textWidth: Int, textTokenCount: Int, hasGuidanceInput: Bool
    ) {
        self.width = width
        self.headCount = headCount
        self.layerCount = layerCount
        self.patchSize = patchSize
        self.latentChannelCount = latentChannelCount
        self.textWidth = textWidth
        self.textTokenCount = textTokenCount
        self.hasGuidanceInput = hasGuidanceInput
    }

    /// The first hyperparameter that no network can have, in words; nil if all are in order.
    public var fault: String? {
        if let fault = Bounds.fault(
            ("width", width, Bounds.widths), ("headCount", headCount, Bounds.headCounts),
            ("layerCount", layerCount, Bounds.layerCounts), ("patchSize", patchSize, 1...8),
            ("latentChannelCount", latentChannelCount, Bounds.channelCounts),
            ("textWidth", textWidth, Bounds.widths), ("textTokenCount", textTokenCount, Bounds.tokenCounts))
        {
            return fault
        }
        guard width % (4 * headCount) == 0 else {
            return "width \(width) is not a multiple of 4·headCount = \(4 * headCount)"
        }
        return nil
    }

    /// The network for one shape of batch.
    ///
    /// Inputs: `latent` [batch, height, width, channel] in normalised coordinates, `time` [batch] in (0, 1],
    /// `tokens` [batch, textTokenCount, textWidth], `pooled` [batch, textWidth] and, where
    /// `hasGuidanceInput`, `guidance` [batch]. Output: `velocity`, shaped as `latent`.
    ///
    /// - Parameters:
    ///   - height: rows of the latent, a multiple of `patchSize`.
    ///   - width: columns of the latent, a multiple of `patchSize`.
    /// - Throws: `ShapeError` if the shape does not fit or `fault` is not nil.
    public func graph(batch: Int, height: Int, width columns: Int) throws(ShapeError) -> Graph {
        var builder = GraphBuilder()
        var x = try lastTokens(in: &builder, batch: batch, height: height, width: columns)
        x = try builder.linear(x, "final_proj", outputs: patchSize * patchSize * latentChannelCount)
        builder.output(
            "velocity", try builder.unpatchify(x, size: patchSize, height: height, width: columns))
        return builder.graph
    }

    /// The network without its final layer; adds the inputs of `graph`.
    ///
    /// - Parameter spacing: units of the positions from one token to the next.
    /// - Returns: what the final layer reads, [batch, token, width].
    /// - Throws: as `graph`.
    func lastTokens(
        in builder: inout GraphBuilder, batch: Int, height: Int, width columns: Int, spacing: Double = 1
    ) throws(ShapeError) -> ValueID {
        try Bounds.check(fault, "DiffusionTransformer")
        try Bounds.check(
            Bounds.fault(("batch", batch, 1...4096), ("height", height, 1...4096), ("width", columns, 1...4096)),
            "DiffusionTransformer")
        let latent = builder.input("latent", [batch, height, columns, latentChannelCount])
        let time = builder.input("time", [batch])
        let tokens = builder.input("tokens", [batch, textTokenCount, textWidth])
        let pooled = builder.input("pooled", [batch, textWidth])
        let guidance = hasGuidanceInput ? builder.input("guidance", [batch]) : nil

        let grid = TokenGrid(rowCount: height / patchSize, columnCount: columns / patchSize, spacing: spacing)
        let patches = try builder.patchify(latent, size: patchSize)
        var x = try builder.linear(patches, "patch_embed", outputs: width)  // [batch, token, width]
        x = try builder.add(x, builder.constant(grid.sinusoids(width: width)))

        var condition = try embedding(of: time, scale: Self.timeScale, "t_embed", &builder)  // [batch, width]
        condition = try builder.add(condition, builder.linear(pooled, "pooled_embed", outputs: width))
        if let guidance {
            condition = try builder.add(
                condition, embedding(of: guidance, scale: Self.guidanceScale, "g_embed", &builder))
        }
        let activeCondition = try builder.activation(condition, .silu)
        let modulation = try builder.reshape(
            builder.linear(activeCondition, "modulation", outputs: 6 * width), [batch, 6, width])

        let angles = grid.rotations(headWidth: width / headCount)
        let surroundings = TransformerBlock.Surroundings(
            modulation: modulation, text: tokens,
            cosine: builder.constant(angles.cosine), sine: builder.constant(angles.sine))
        let block = TransformerBlock(width: width, headCount: headCount)
        for layer in 0..<layerCount {
            x = try builder.scoped(to: "blocks.\(layer)") { builder throws(ShapeError) in
                try block.append(to: &builder, x, surroundings)
            }
        }

        let last = try builder.linear(activeCondition, "final_modulation", outputs: 2 * width)
        let (shift, scale) = (
            try builder.slice(last, axis: 1, start: 0, count: width),
            try builder.slice(last, axis: 1, start: width, count: width)
        )
        return try builder.modulate(
            builder.layerNorm(x, epsilon: Self.normEpsilon), shift: shift, scale: scale)
    }

    /// fc2(silu(fc1(sinusoids of scale·value))). value [batch] → [batch, width]
    private func embedding(
        of value: ValueID, scale: Float, _ name: String, _ builder: inout GraphBuilder
    ) throws(ShapeError) -> ValueID {
        try builder.scoped(to: name) { builder throws(ShapeError) in
            let scaled = try builder.multiply(value, builder.constant(Tensor([1], [scale])))
            let spread = try builder.timestepEmbedding(scaled, dimension: Self.embeddingDimension)
            let hidden = try builder.activation(builder.linear(spread, "fc1", outputs: width), .silu)
            return try builder.linear(hidden, "fc2", outputs: width)
        }
    }
}
