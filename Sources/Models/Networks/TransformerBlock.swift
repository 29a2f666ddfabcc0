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
        let modulation = try builder.add(surroundings.modulation, table)
        let parts = try builder.split(modulation, axis: 1, parts: 6)  // [batch, 1, width] each
        func flat(_ part: Int, _ builder: inout GraphBuilder) throws(ShapeError) -> ValueID {
            try builder.reshape(parts[part], [batch, width])
        }

        var h = try builder.modulate(
            builder.layerNorm(x, epsilon: DiffusionTransformer.normEpsilon),
            shift: flat(0, &builder), scale: flat(1, &builder))
        let attended = try attention(&builder, h, surroundings)
        let projected = try builder.linear(attended, "proj", outputs: width)
        let middle = try builder.add(x, builder.multiply(projected, parts[2]))

        h = try builder.modulate(
            builder.layerNorm(middle, epsilon: DiffusionTransformer.normEpsilon),
            shift: flat(3, &builder), scale: flat(4, &builder))
        let hidden = try builder.activation(builder.linear(h, "fc1", outputs: 4 * width), .geluTanh)
        let output = try builder.linear(hidden, "fc2", outputs: width)
        return try builder.add(middle, builder.multiply(output, parts[5]))
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
