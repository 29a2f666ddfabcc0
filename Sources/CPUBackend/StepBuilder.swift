import CKernels
import Graphs
import Tensors

/// Turns the nodes of a planned graph into steps.
struct StepBuilder {
    let provider: any MatrixProvider
    let team: ck_team

    /// The step of a node.
    ///
    /// - Parameters:
    ///   - x: where the node's inputs lie.
    ///   - y: where its result goes; dense.
    func step(for node: Node, _ x: [Operand], _ y: Operand) throws(CPUBackendError) -> any KernelStep {
        switch node.operation {
        case .linear(let linear): return try self.linear(linear, x, y)
        case .convolution2D(let convolution): return try self.convolution2D(convolution, x, y)
        case .attention(let attention): return try self.attention(attention, x, y)
        case .layerNorm(let norm): return layerNorm(norm, x, y)
        case .rmsNorm(let norm): return rmsNorm(norm, x, y)
        case .groupNorm(let norm): return groupNorm(norm, x, y)
        case .modulate: return modulate(x, y)
        case .activation(let activation): return self.activation(activation, x, y)
        case .add: return try broadcast(CK_ADD, x, y)
        case .multiply: return try broadcast(CK_MULTIPLY, x, y)
        case .concatenate(let axis): return concatenate(axis: axis, x, y)
        case .slice(let axis, let start, _): return slice(axis: axis, start: start, x, y)
        case .reshape: return copy(x, y)
        case .transpose(let permutation): return try transpose(permutation, x, y)
        case .upsampleNearest(let factor): return upsample(factor: factor, x, y)
        case .embedding: return embedding(node: node.name, x, y)
        case .timestepEmbedding(let embedding):
            return TimestepEmbeddingStep(embedding, times: x[0].floats, count: x[0].shape[0], result: y.floats)
        case .rotary(let axisCount): return rotary(axisCount: axisCount, x, y)
        case .mean(let axis): return mean(axis: axis, x, y)
        }
    }
}
