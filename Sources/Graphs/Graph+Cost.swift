import Tensors

extension Graph {
    /// Floating-point operations of a node, a multiply-add counted as two.
    public func floatingPointOperations(of node: Node) -> Int {
        node.operation.floatingPointOperations(inputs: node.inputs.map { self[$0] }, output: self[node.output])
    }

    /// Bytes that a node reads and writes, its weights included; a reshape moves none.
    public func byteCount(of node: Node) -> Int {
        node.operation.byteCount(inputs: node.inputs.map { self[$0] }, output: self[node.output])
    }
}

extension ValueInfo {
    /// Bytes of the value, dense.
    public var byteCount: Int { shape.elementCount * elementType.byteCount }
}

extension Operation {
    /// Floating-point operations, a multiply-add counted as two, an exponential or sine as ten.
    ///
    /// Products are counted exactly. The rest is a count a reader can follow, good to about a factor of two:
    /// it never dominates.
    public func floatingPointOperations(inputs: [ValueInfo], output: ValueInfo) -> Int {
        let (transcendental, results) = (10, output.shape.elementCount)
        func activated(_ activation: Activation?) -> Int { activation == nil ? 0 : transcendental * results }

        switch self {
        case .linear(let linear):
            let epilogue =
                switch linear.epilogue {
                case .none: 0
                case .residual: results
                case .gatedResidual: 2 * results
                }
            return 2 * results * inputs[1].shape[1] + (linear.hasBias ? results : 0) + epilogue
                + activated(linear.activation)
        case .convolution2D(let convolution):
            let taps = inputs[1].shape[1] * inputs[1].shape[2] * inputs[1].shape[3]
            return 2 * results * taps + (convolution.hasBias ? results : 0)
                + (convolution.hasResidual ? results : 0) + activated(convolution.activation)
        case .attention(let attention):
            let keys = inputs[1].shape[1] + (attention.hasMoreKeys ? inputs[3].shape[1] : 0)
            let scores = inputs[0].shape[0] * attention.headCount * inputs[0].shape[1] * keys
            return 4 * results * keys + (transcendental + 4) * scores
        case .layerNorm(let norm):
            return (6 + (norm.isAffine ? 2 : 0) + (norm.isModulated ? 3 : 0)) * results
        case .rmsNorm(let norm):
            return (norm.rotaryAxisCount == nil ? 4 : 7) * results + activated(norm.activation)
        case .groupNorm(let norm): return 8 * results + activated(norm.activation)
        case .modulate: return 3 * results
        case .activation(let activation): return activated(activation)
        case .add, .multiply: return results
        case .timestepEmbedding: return transcendental * results
        case .rotary: return 3 * results
        case .mean: return inputs[0].shape.elementCount
        case .concatenate, .slice, .reshape, .transpose, .upsampleNearest, .embedding: return 0
        }
    }

    /// Bytes read and written. A lookup and a slice read only what they give; a reshape moves nothing.
    public func byteCount(inputs: [ValueInfo], output: ValueInfo) -> Int {
        switch self {
        case .reshape: 0
        case .slice: 2 * output.byteCount
        case .embedding: inputs[1].byteCount + 2 * output.byteCount
        default: inputs.reduce(output.byteCount) { $0 + $1.byteCount }
        }
    }
}
