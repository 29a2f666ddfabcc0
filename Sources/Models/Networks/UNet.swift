public import Graphs
import Tensors

/// The denoiser of latent diffusion (arXiv 2112.10752): a U-Net of residual convolutions and transformer blocks that
/// attend to the prompt. Parameters are named as in the diffusers checkpoints of Stable Diffusion 1.x.
public struct UNet: Hashable, Sendable {
    /// Channels of the latent.
    public let latentChannelCount: Int
    /// Channels of each stage, the finest first; every stage but the last halves both sides of the picture.
    public let widths: [Int]
    /// Whether a stage attends, in the same order. The stage in the middle always does.
    public let attends: [Bool]
    /// Residual blocks of a stage on the way down; one more on the way up.
    public let blocksPerStage: Int
    /// Attention heads of every stage.
    public let headCount: Int
    /// Groups of every group norm.
    public let groupCount: Int
    /// Channels of a token of the prompt.
    public let textWidth: Int
    /// Tokens of the prompt.
    public let textTokenCount: Int

    /// That of Stable Diffusion 1.1 to 1.5: 859,520,964 parameters.
    public static let stableDiffusion1 = UNet(
        latentChannelCount: 4, widths: [320, 640, 1280, 1280], attends: [true, true, true, false], blocksPerStage: 2,
        headCount: 8, groupCount: 32, textWidth: 768, textTokenCount: 77)

    public init(
        latentChannelCount: Int, widths: [Int], attends: [Bool], blocksPerStage: Int, headCount: Int, groupCount: Int,
        textWidth: Int, textTokenCount: Int
    ) {
        self.latentChannelCount = latentChannelCount
        self.widths = widths
        self.attends = attends
        self.blocksPerStage = blocksPerStage
        self.headCount = headCount
        self.groupCount = groupCount
        self.textWidth = textWidth
        self.textTokenCount = textTokenCount
    }

    /// The first hyperparameter that no network can have, in words; nil if all are in order.
    public var fault: String? {
        if let fault = Bounds.fault(
            ("latentChannelCount", latentChannelCount, Bounds.channelCounts),
            ("the number of widths", widths.count, 1...6), ("blocksPerStage", blocksPerStage, 1...16),
            ("headCount", headCount, Bounds.headCounts), ("groupCount", groupCount, Bounds.widths),
            ("textWidth", textWidth, Bounds.widths), ("textTokenCount", textTokenCount, Bounds.tokenCounts))
        {
            return fault
        }
        guard attends.count == widths.count else {
            return "attends has \(attends.count) elements for \(widths.count) widths"
        }
        for width in widths {
            if let fault = Bounds.fault(("width", width, Bounds.widths)) { return fault }
            // The sinusoids of the time are as wide as the first stage, half of them cosines.
            guard width % headCount == 0, width % groupCount == 0, width % 2 == 0 else {
                return "width \(width) is not an even multiple of headCount \(headCount) and groupCount \(groupCount)"
            }
        }
        return nil
    }

    /// The network for one shape of batch.
    ///
    /// Inputs: `latent` [batch, height, width, channel], `time` [batch] in training steps (0…999), `tokens`
    /// [batch, textTokenCount, textWidth]. Output: `prediction`, shaped as `latent`: of the noise, or of whatever else
    /// the weights were trained for.
    ///
    /// - Parameters:
    ///   - height: rows of the latent, a multiple of 2 to the number of halvings.
    ///   - width: columns of the latent, likewise.
    /// - Throws: `ShapeError` if the shape does not fit or `fault` is not nil.
    public func graph(batch: Int, height: Int, width columns: Int) throws(ShapeError) -> Graph {
        try Bounds.check(fault, "UNet")
        let unit = 1 << (widths.count - 1)
        try Bounds.check(
            Bounds.fault(("batch", batch, 1...4096), ("height", height, 1...4096), ("width", columns, 1...4096))
                ?? (height % unit == 0 && columns % unit == 0
                    ? nil : "\(height)×\(columns) is not a multiple of \(unit) both ways"),
            "UNet")
        var builder = GraphBuilder()
        let latent = builder.input("latent", [batch, height, columns, latentChannelCount])
        let time = builder.input("time", [batch])
        let tokens = builder.input("tokens", [batch, textTokenCount, textWidth])

        let context = UNetContext(
            time: try embedding(of: time, &builder), tokens: tokens, headCount: headCount, groupCount: groupCount)
        var x = try builder.convolution2D(latent, "conv_in", outputs: widths[0], kernel: 3, padding: 1)
        // What the way down leaves for the way up, the last first.
        var skips = [x]
        for (stage, width) in widths.enumerated() {
            x = try builder.scoped(to: "down_blocks.\(stage)") { builder throws(ShapeError) in
                for block in 0..<blocksPerStage {
                    x = try context.block(&builder, x, width: width, block, attends: attends[stage])
                    skips.append(x)
                }
                guard stage + 1 < widths.count else { return x }
                x = try builder.convolution2D(
                    x, "downsamplers.0.conv", outputs: width, kernel: 3, stride: 2, padding: 1)
                skips.append(x)
                return x
            }
        }
        let deepest = widths[widths.count - 1]
        x = try builder.scoped(to: "mid_block") { builder throws(ShapeError) in
            let first = try context.block(&builder, x, width: deepest, 0, attends: true)
            return try context.block(&builder, first, width: deepest, 1, attends: false)
        }
        for (stage, width) in widths.reversed().enumerated() {
            x = try builder.scoped(to: "up_blocks.\(stage)") { builder throws(ShapeError) in
                for block in 0...blocksPerStage {
                    x = try builder.concatenate([x, skips.removeLast()], axis: 3)
                    x = try context.block(
                        &builder, x, width: width, block, attends: attends[widths.count - 1 - stage])
                }
                guard stage + 1 < widths.count else { return x }
                x = try builder.upsampleNearest(x, factor: 2)
                return try builder.convolution2D(x, "upsamplers.0.conv", outputs: width, kernel: 3, padding: 1)
            }
        }
        x = try builder.groupNorm(x, "conv_norm_out", groupCount: groupCount, epsilon: 1e-5)
        x = try builder.activation(x, .silu)
        builder.output(
            "prediction",
            try builder.convolution2D(x, "conv_out", outputs: latentChannelCount, kernel: 3, padding: 1))
        return builder.graph
    }

    /// silu(linear_2(silu(linear_1(sinusoids)))): every block begins with the last silu. time [batch] → [batch, 4·widths[0]]
    private func embedding(of time: ValueID, _ builder: inout GraphBuilder) throws(ShapeError) -> ValueID {
        try builder.scoped(to: "time_embedding") { builder throws(ShapeError) in
            let spread = try builder.timestepEmbedding(time, dimension: widths[0])
            let hidden = try builder.activation(builder.linear(spread, "linear_1", outputs: 4 * widths[0]), .silu)
            return try builder.activation(builder.linear(hidden, "linear_2", outputs: 4 * widths[0]), .silu)
        }
    }
}
