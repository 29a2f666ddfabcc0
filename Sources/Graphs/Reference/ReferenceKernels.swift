package import Tensors

/// Every operation written as its definition reads: plain loops, sums in double precision.
///
/// This is what all backends are measured against, so nothing here is clever. Inputs come in the order that
/// the cases of `Operation` give and have passed shape inference.
package enum ReferenceKernels {
    /// The result of one node.
    ///
    /// - Throws: `IndexError` if an id of an embedding lookup has no row.
    package static func run(
        _ node: Node, inputs: [ReferenceArray], shape: Shape
    ) throws(IndexError) -> ReferenceArray {
        switch node.operation {
        case .linear(let linear): Self.linear(linear, inputs, shape)
        case .convolution2D(let convolution): convolution2D(convolution, inputs, shape)
        case .attention(let attention): Self.attention(attention, inputs)
        case .layerNorm(let norm): layerNorm(norm, inputs)
        case .rmsNorm(let norm): rmsNorm(norm, inputs)
        case .groupNorm(let norm): groupNorm(norm, inputs)
        case .modulate: modulate(inputs[0], shift: inputs[1], scale: inputs[2])
        case .activation(let activation): inputs[0].map(activation.callAsFunction)
        case .add: broadcast(inputs[0], inputs[1], +)
        case .multiply: broadcast(inputs[0], inputs[1], *)
        case .concatenate(let axis): concatenate(inputs, axis: axis, shape)
        case .slice(let axis, let start, _): slice(inputs[0], axis: axis, start: start, shape)
        case .reshape: ReferenceArray(shape: shape, values: inputs[0].values)
        case .transpose(let permutation): transpose(inputs[0], permutation, shape)
        case .upsampleNearest(let factor): upsampleNearest(inputs[0], factor: factor, shape)
        case .embedding: try embedding(table: inputs[0], ids: inputs[1], shape, node: node.name)
        case .timestepEmbedding(let embedding): timestepEmbedding(embedding, inputs[0], shape)
        case .rotary(let axisCount): rotary(inputs[0], cosine: inputs[1], sine: inputs[2], axisCount: axisCount)
        case .mean(let axis): mean(inputs[0], axis: axis, shape)
        }
    }
}
