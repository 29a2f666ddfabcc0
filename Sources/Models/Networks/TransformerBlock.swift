import Graphs
import Tensors

/// One block of the diffusion transformer: attention over picture and prompt, then a two-layer perceptron, both
/// modulated and gated by the condition.
///
/// Written so that a pass can fuse norm with modulation, and projection with gate and residual.
struct TransformerBlock: Hashable, Sendable {
    let width: Int
    let headCount: Int

    /// What all blocks share.
    struct Surroundings {
        /// [batch, 6, width]
        let modulation: ValueID
        /// [batch, text token, text width]
        let text: ValueID
        /// [token, head width / 2]
        let cosine: ValueID
        let sine: ValueID
    }

    /// x [batch, token, width] → as x
    func append(
        to builder: inout GraphBuilder, _ x: ValueID, _ surroundings: Surroundings
    ) throws(ShapeError) -> ValueID {
        let batch = builder.shape(of: x)[0]
        let table = try builder.parameter("table", [6, width])
        let rows = try builder.reshape(
            builder.add(surroundings.modulation, table), [batch, 6 * width])
        let parts = try builder.split(rows, axis: 1, parts: 6)  // [batch, width] each

        var h = try builder.modulate(
            builder.layerNorm(x, epsilon: DiffusionTransformer.normEpsilon), shift: parts[0], scale: parts[1])
        h = try attention(&builder, h, surroundings)
        let attended = try gated(&builder, builder.linear(h, "proj", outputs: width), by: parts[2])
        let middle = try builder.add(x, attended)

        h = try builder.modulate(
            builder.layerNorm(middle, epsilon: DiffusionTransformer.normEpsilon),
            shift: parts[3], scale: parts[4])
        h = try builder.activation(builder.linear(h, "fc1", outputs: 4 * width), .geluTanh)
        return try builder.add(
            middle, gated(&builder, builder.linear(h, "fc2", outputs: width), by: parts[5]))
    }

    /// x [batch, token, width], gate [batch, width] → as x
    private func gated(
        _ builder: inout GraphBuilder, _ x: ValueID, by gate: ValueID
    ) throws(ShapeError) -> ValueID {
        try builder.multiply(x, builder.reshape(gate, [builder.shape(of: gate)[0], 1, width]))
    }

    /// Attention of the picture's tokens to themselves and to the prompt's. h [batch, token, width] → as h
    private func attention(
        _ builder: inout GraphBuilder, _ h: ValueID, _ surroundings: Surroundings
    ) throws(ShapeError) -> ValueID {
        let own = try builder.split(builder.linear(h, "qkv", outputs: 3 * width), axis: 2, parts: 3)
        let text = try builder.split(
            builder.linear(surroundings.text, "text_kv", outputs: 2 * width), axis: 2, parts: 2)
        let q = try normalised(&builder, own[0], "q_norm", surroundings)
        let k = try normalised(&builder, own[1], "k_norm", surroundings)
        let textK = try normalised(&builder, text[0], "k_norm", nil)
        return try builder.attention(
            q, builder.concatenate([k, textK], axis: 1), builder.concatenate([own[2], text[1]], axis: 1),
            headCount: headCount)
    }

    /// RMS norm of each head, turned by the token's position where `surroundings` are given. x [batch, token, width] → as x
    private func normalised(
        _ builder: inout GraphBuilder, _ x: ValueID, _ name: String, _ surroundings: Surroundings?
    ) throws(ShapeError) -> ValueID {
        let shape = builder.shape(of: x)
        let heads = try builder.reshape(x, [shape[0], shape[1], headCount, width / headCount])
        var result = try builder.rmsNorm(heads, name, epsilon: DiffusionTransformer.normEpsilon)
        if let surroundings {
            result = try builder.rotary(
                result, cosine: surroundings.cosine, sine: surroundings.sine, axisCount: 2)
        }
        return try builder.reshape(result, shape)
    }
}
