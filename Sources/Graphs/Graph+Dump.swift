import Tensors

extension Graph {
    /// The graph as text, one line for each input, node and output, to look at.
    ///
    ///     input x: float32 [1, 16, 16, 8]
    ///     %9 = linear(%4, blocks.0.qkv.weight, blocks.0.qkv.bias) → [1, 64, 768]  # blocks.0.qkv
    ///     output velocity = %120
    public func dump() -> String {
        var names = values.indices.map { "%\($0)" }
        for entry in inputs + parameters { names[entry.value.index] = entry.name }
        for constant in constants { names[constant.value.index] = "constant\(constant.tensor.shape)" }

        var lines = ["# \(summary)"]
        for input in inputs {
            lines.append("input \(input.name): \(self[input.value].elementType) \(self[input.value].shape)")
        }
        for node in nodes {
            let operands = node.inputs.map { names[$0.index] }.joined(separator: ", ")
            lines.append(
                "\(names[node.output.index]) = \(node.operation)(\(operands)) → \(self[node.output].shape)"
                    + "  # \(node.name)")
        }
        for output in outputs { lines.append("output \(output.name) = \(names[output.value.index])") }
        return lines.joined(separator: "\n")
    }

    /// Counts on one line.
    public var summary: String {
        let elements = parameters.reduce(0) { $0 + self[$1.value].shape.elementCount }
        let operations = nodes.reduce(0) { $0 + floatingPointOperations(of: $1) }
        return "\(nodes.count) nodes, \(parameters.count) parameters of \(elements) elements, "
            + "\(operations) floating-point operations"
    }
}

extension Operation: CustomStringConvertible {
    /// The kind with what it is set to, for example `linear+geluTanh+gatedResidual`.
    public var description: String {
        switch self {
        case .linear(let linear):
            kind + suffix(linear.activation) + (linear.epilogue == .none ? "" : "+\(linear.epilogue.rawValue)")
        case .convolution2D(let convolution):
            kind + (convolution.stride == 1 ? "" : "/\(convolution.stride)") + suffix(convolution.activation)
                + (convolution.hasResidual ? "+residual" : "")
        case .attention(let attention):
            "\(kind)[\(attention.headCount) heads\(attention.hasMoreKeys ? ", two stretches" : "")]"
        case .layerNorm(let norm): kind + (norm.isModulated ? "+modulation" : "")
        case .rmsNorm(let norm):
            kind + suffix(norm.activation) + (norm.rotaryAxisCount.map { "+rotary[\($0) axes]" } ?? "")
        case .groupNorm(let norm): "\(kind)[\(norm.groupCount) groups]" + suffix(norm.activation)
        case .activation(let activation): activation.rawValue
        case .concatenate(let axis): "\(kind)[axis \(axis)]"
        case .slice(let axis, let start, let count): "\(kind)[axis \(axis), \(count) from \(start)]"
        case .transpose(let permutation): "\(kind)\(permutation)"
        case .upsampleNearest(let factor): "\(kind)[×\(factor)]"
        case .timestepEmbedding(let embedding): "\(kind)[\(embedding.dimension)]"
        case .rotary(let axisCount): "\(kind)[\(axisCount) axes]"
        case .mean(let axis): "\(kind)[axis \(axis)]"
        case .modulate, .add, .multiply, .reshape, .embedding: kind
        }
    }

    private func suffix(_ activation: Activation?) -> String { activation.map { "+\($0.rawValue)" } ?? "" }
}
