import Tensors

extension Operation {
    /// The shape and type of the result, or the rule that the inputs break.
    ///
    /// - Parameters:
    ///   - inputs: the node's inputs in the order that the case's comment gives.
    ///   - node: a name for the error message.
    public func result(of inputs: [ValueInfo], node: String) throws(ShapeError) -> ValueInfo {
        let rules = ShapeRules(operation: self, node: node, inputs: inputs)
        return ValueInfo(shape: try resultShape(rules))
    }

    private func resultShape(_ rules: ShapeRules) throws(ShapeError) -> Shape {
        switch self {
        case .linear(let linear): return try rules.linear(linear)
        case .convolution2D(let convolution): return try rules.convolution2D(convolution)
        case .attention(let attention): return try rules.attention(attention)
        case .layerNorm(let norm): return try rules.layerNorm(norm)
        case .rmsNorm(let norm): return try rules.rmsNorm(norm)
        case .groupNorm(let norm): return try rules.groupNorm(norm)
        case .modulate:
            try rules.expectCount(3)
            try rules.expectModulation(shift: 1, scale: 2)
            return rules[0]
        case .activation:
            try rules.expectCount(1)
            return rules[0]
        case .add, .multiply:
            try rules.expectCount(2)
            try rules.expectBroadcast()
            return rules[0]
        case .concatenate(let axis): return try rules.concatenate(axis: axis)
        case .slice(let axis, let start, let count):
            try rules.expectCount(1)
            try rules.expectAxis(axis)
            try rules.expect(
                start >= 0 && count > 0 && start <= rules[0][axis] && count <= rules[0][axis] - start,
                "\(count) from \(start) on is not a range of axis \(axis)")
            return rules[0].replacing(axis: axis, with: count)
        case .reshape(let shape):
            try rules.expectCount(1)
            try rules.expect(shape.elementCount == rules[0].elementCount, "\(shape) has another number of elements")
            return shape
        case .transpose(let permutation):
            try rules.expectCount(1)
            try rules.expect(
                permutation.sorted() == Array(0..<rules[0].rank), "\(permutation) is no permutation of its axes")
            return Shape(permutation.map { rules[0][$0] })
        case .upsampleNearest(let factor):
            try rules.expectCount(1)
            try rules.expect(rules[0].rank == 4 && factor >= 1, "x is [B, H, W, C] and the factor positive")
            return [rules[0][0], rules[0][1] * factor, rules[0][2] * factor, rules[0][3]]
        case .embedding:
            try rules.expectCount(2, integers: [1])
            try rules.expect(rules[0].rank == 2, "the table is [V, D]")
            return Shape(rules[1].dimensions + [rules[0][1]])
        case .timestepEmbedding(let embedding):
            try rules.expectCount(1)
            try rules.expect(
                rules[0].rank == 1 && embedding.dimension > 0 && embedding.dimension % 2 == 0,
                "t is [B] and the dimension even")
            return [rules[0][0], embedding.dimension]
        case .rotary(let axisCount):
            try rules.expectCount(3)
            try rules.expectRotation(axisCount: axisCount, cosine: 1, sine: 2)
            return rules[0]
        case .mean(let axis):
            try rules.expectCount(1)
            try rules.expectAxis(axis)
            var rest = rules[0].dimensions
            rest.remove(at: axis)
            return Shape(rest)
        }
    }
}
