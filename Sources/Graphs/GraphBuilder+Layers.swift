import Tensors

/// Layers with parameters: the name is that of the layer in the weights file.
extension GraphBuilder {
    /// y = x·Wᵀ + b with `name.weight` [outputs, in] and `name.bias` [outputs]. x [..., in] → [..., outputs]
    public mutating func linear(
        _ x: ValueID, _ name: String, outputs: Int, hasBias: Bool = true
    ) throws(ShapeError) -> ValueID {
        var inputs = [x, try parameter("\(name).weight", [outputs, width(of: x)])]
        if hasBias { inputs.append(try parameter("\(name).bias", [outputs])) }
        return try node(.linear(Linear(hasBias: hasBias)), inputs, name: name)
    }

    /// A convolution with `name.weight` [outputs, in, k, k] and `name.bias`. x [B, H, W, in] → [B, H', W', outputs]
    public mutating func convolution2D(
        _ x: ValueID, _ name: String, outputs: Int, kernel: Int, stride: Int = 1, padding: Int
    ) throws(ShapeError) -> ValueID {
        let weight = try parameter("\(name).weight", [outputs, width(of: x), kernel, kernel])
        let bias = try parameter("\(name).bias", [outputs])
        return try node(
            .convolution2D(Convolution2D(stride: stride, padding: padding)), [x, weight, bias], name: name)
    }

    /// Layer norm with `name.weight` and `name.bias`. x [..., D] → as x
    public mutating func layerNorm(_ x: ValueID, _ name: String, epsilon: Float) throws(ShapeError) -> ValueID {
        let weight = try parameter("\(name).weight", [width(of: x)])
        let bias = try parameter("\(name).bias", [width(of: x)])
        return try node(.layerNorm(LayerNorm(epsilon: epsilon, isAffine: true)), [x, weight, bias], name: name)
    }

    /// Layer norm without parameters. x [..., D] → as x
    public mutating func layerNorm(_ x: ValueID, epsilon: Float) throws(ShapeError) -> ValueID {
        try node(.layerNorm(LayerNorm(epsilon: epsilon, isAffine: false)), [x])
    }

    /// RMS norm with `name.weight`. x [..., D] → as x
    public mutating func rmsNorm(_ x: ValueID, _ name: String, epsilon: Float) throws(ShapeError) -> ValueID {
        let weight = try parameter("\(name).weight", [width(of: x)])
        return try node(.rmsNorm(RMSNorm(epsilon: epsilon)), [x, weight], name: name)
    }

    /// Group norm with `name.weight` and `name.bias`. x [B, H, W, C] → as x
    public mutating func groupNorm(
        _ x: ValueID, _ name: String, groupCount: Int, epsilon: Float
    ) throws(ShapeError) -> ValueID {
        let weight = try parameter("\(name).weight", [width(of: x)])
        let bias = try parameter("\(name).bias", [width(of: x)])
        return try node(
            .groupNorm(GroupNorm(groupCount: groupCount, epsilon: epsilon)), [x, weight, bias], name: name)
    }

    /// Rows of `name.weight` [count, width]. ids [...] (int32) → [..., width]
    public mutating func embedding(
        _ ids: ValueID, _ name: String, count: Int, width: Int
    ) throws(ShapeError) -> ValueID {
        let table = try parameter("\(name).weight", [count, width])
        return try node(.embedding, [table, ids], name: name)
    }
}
