import Graphs
import Tensors

/// What the blocks of a U-Net share, and the blocks.
struct UNetContext: Hashable, Sendable {
    /// The embedded time behind its activation. [batch, channel]
    let time: ValueID
    /// Of the prompt. [batch, token, channel]
    let tokens: ValueID
    let headCount: Int
    let groupCount: Int

    private static let normEpsilon: Float = 1e-5
    /// Of the group norm before a transformer block, which differs from all others.
    private static let attentionNormEpsilon: Float = 1e-6

    /// A residual block and, where the stage attends, a transformer block.
    /// x [batch, height, width, any] → [batch, height, width, width]
    func block(
        _ builder: inout GraphBuilder, _ x: ValueID, width: Int, _ index: Int, attends: Bool
    ) throws(ShapeError) -> ValueID {
        let h = try builder.scoped(to: "resnets.\(index)") { builder throws(ShapeError) in
            try residual(&builder, x, width: width)
        }
        guard attends else { return h }
        return try builder.scoped(to: "attentions.\(index)") { builder throws(ShapeError) in
            try transformer(&builder, h)
        }
    }

    /// shortcut(x) + conv2(silu(norm2(conv1(silu(norm1(x))) + time)))
    private func residual(
        _ builder: inout GraphBuilder, _ x: ValueID, width: Int
    ) throws(ShapeError) -> ValueID {
        let shape = builder.shape(of: x)
        var h = try builder.groupNorm(x, "norm1", groupCount: groupCount, epsilon: Self.normEpsilon)
        h = try builder.activation(h, .silu)
        h = try builder.convolution2D(h, "conv1", outputs: width, kernel: 3, padding: 1)
        let shift = try builder.linear(time, "time_emb_proj", outputs: width)
        h = try builder.add(h, builder.reshape(shift, [shape[0], 1, 1, width]))
        h = try builder.groupNorm(h, "norm2", groupCount: groupCount, epsilon: Self.normEpsilon)
        h = try builder.activation(h, .silu)
        h = try builder.convolution2D(h, "conv2", outputs: width, kernel: 3, padding: 1)
        let shortcut =
            shape[3] == width
            ? x : try builder.convolution2D(x, "conv_shortcut", outputs: width, kernel: 1, padding: 0)
        return try builder.add(shortcut, h)
    }

    /// One transformer block over all pixels, between two convolutions of single pixels. x [B, H, W, C] → as x
    private func transformer(_ builder: inout GraphBuilder, _ x: ValueID) throws(ShapeError) -> ValueID {
        let shape = builder.shape(of: x)
        let width = shape[3]
        var h = try builder.groupNorm(x, "norm", groupCount: groupCount, epsilon: Self.attentionNormEpsilon)
        h = try builder.convolution2D(h, "proj_in", outputs: width, kernel: 1, padding: 0)
        h = try builder.reshape(h, [shape[0], shape[1] * shape[2], width])
        h = try builder.scoped(to: "transformer_blocks.0") { builder throws(ShapeError) in
            var normalised = try builder.layerNorm(h, "norm1", epsilon: Self.normEpsilon)
            h = try builder.add(h, attention(&builder, normalised, over: normalised, "attn1"))
            normalised = try builder.layerNorm(h, "norm2", epsilon: Self.normEpsilon)
            h = try builder.add(h, attention(&builder, normalised, over: tokens, "attn2"))
            normalised = try builder.layerNorm(h, "norm3", epsilon: Self.normEpsilon)
            return try builder.add(h, feedForward(&builder, normalised))
        }
        h = try builder.reshape(h, shape)
        return try builder.add(x, builder.convolution2D(h, "proj_out", outputs: width, kernel: 1, padding: 0))
    }

    /// x [B, T, C], keys and values from `source` [B, S, any] → as x
    private func attention(
        _ builder: inout GraphBuilder, _ x: ValueID, over source: ValueID, _ name: String
    ) throws(ShapeError) -> ValueID {
        let width = builder.shape(of: x)[2]
        return try builder.scoped(to: name) { builder throws(ShapeError) in
            let q = try builder.linear(x, "to_q", outputs: width, hasBias: false)
            let k = try builder.linear(source, "to_k", outputs: width, hasBias: false)
            let v = try builder.linear(source, "to_v", outputs: width, hasBias: false)
            return try builder.linear(
                builder.attention(q, k, v, headCount: headCount), "to_out.0", outputs: width)
        }
    }

    /// A gated unit (arXiv 2002.05202): one half of a joint product times GELU of the other, then back. The joint
    /// weight is cut instead of the product, so that neither half is copied. x [B, T, C] → as x
    private func feedForward(_ builder: inout GraphBuilder, _ x: ValueID) throws(ShapeError) -> ValueID {
        let width = builder.shape(of: x)[2]
        let inner = 4 * width
        let weight = try builder.parameter("ff.net.0.proj.weight", [2 * inner, width])
        let bias = try builder.parameter("ff.net.0.proj.bias", [2 * inner])
        func half(_ start: Int) throws(ShapeError) -> ValueID {
            try builder.node(
                .linear(Linear()),
                [
                    x, builder.slice(weight, axis: 0, start: start, count: inner),
                    builder.slice(bias, axis: 0, start: start, count: inner),
                ], name: "ff.net.0.proj")
        }
        let value = try half(0)
        let gate = try builder.activation(half(inner), .gelu)
        return try builder.linear(builder.multiply(value, gate), "ff.net.2", outputs: width)
    }
}
