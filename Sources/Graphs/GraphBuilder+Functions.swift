public import Tensors

/// Functions without parameters.
extension GraphBuilder {
    public mutating func activation(_ x: ValueID, _ activation: Activation) throws(ShapeError) -> ValueID {
        try node(.activation(activation), [x])
    }

    /// a + b, b broadcast to a.
    public mutating func add(_ a: ValueID, _ b: ValueID) throws(ShapeError) -> ValueID {
        try node(.add, [a, b])
    }

    /// a·b, b broadcast to a.
    public mutating func multiply(_ a: ValueID, _ b: ValueID) throws(ShapeError) -> ValueID {
        try node(.multiply, [a, b])
    }

    /// x·(1 + scale) + shift. x [B, T, D], shift and scale [B, D] → as x
    public mutating func modulate(_ x: ValueID, shift: ValueID, scale: ValueID) throws(ShapeError) -> ValueID {
        try node(.modulate, [x, shift, scale])
    }

    /// Scaled dot-product attention. q [B, Tq, heads·d], k and v [B, Tk, heads·d] → as q
    public mutating func attention(
        _ q: ValueID, _ k: ValueID, _ v: ValueID, headCount: Int
    ) throws(ShapeError) -> ValueID {
        let headWidth = max(1, width(of: q) / max(1, headCount))
        let attention = Attention(headCount: headCount, scale: 1 / Float(headWidth).squareRoot())
        return try node(.attention(attention), [q, k, v])
    }

    public mutating func concatenate(_ values: [ValueID], axis: Int) throws(ShapeError) -> ValueID {
        try node(.concatenate(axis: axis), values)
    }

    public mutating func slice(_ x: ValueID, axis: Int, start: Int, count: Int) throws(ShapeError) -> ValueID {
        try node(.slice(axis: axis, start: start, count: count), [x])
    }

    /// Equal parts of an axis, in order.
    public mutating func split(_ x: ValueID, axis: Int, parts: Int) throws(ShapeError) -> [ValueID] {
        let whole = shape(of: x)
        guard (0..<whole.rank).contains(axis), parts >= 1, whole[axis] % parts == 0 else {
            throw ShapeError(
                node: path("split"), operation: "split", inputs: [whole],
                rule: "axis \(axis) has no \(parts) equal parts")
        }
        let extent = whole[axis] / parts
        var pieces: [ValueID] = []
        for part in 0..<parts {
            pieces.append(try slice(x, axis: axis, start: part * extent, count: extent))
        }
        return pieces
    }

    public mutating func reshape(_ x: ValueID, _ shape: Shape) throws(ShapeError) -> ValueID {
        try node(.reshape(shape), [x])
    }

    /// Axis i of the result is axis `permutation[i]` of x.
    public mutating func transpose(_ x: ValueID, _ permutation: [Int]) throws(ShapeError) -> ValueID {
        try node(.transpose(permutation: permutation), [x])
    }

    public mutating func upsampleNearest(_ x: ValueID, factor: Int) throws(ShapeError) -> ValueID {
        try node(.upsampleNearest(factor: factor), [x])
    }

    /// Sinusoids of t. t [B] → [B, dimension]
    public mutating func timestepEmbedding(_ t: ValueID, dimension: Int) throws(ShapeError) -> ValueID {
        try node(.timestepEmbedding(TimestepEmbedding(dimension: dimension)), [t])
    }

    /// Rotary positions. x [B, T, heads, d], cosine and sine [T, d/2] → as x
    public mutating func rotary(
        _ x: ValueID, cosine: ValueID, sine: ValueID, axisCount: Int
    ) throws(ShapeError) -> ValueID {
        try node(.rotary(axisCount: axisCount), [x, cosine, sine])
    }

    public mutating func mean(_ x: ValueID, axis: Int) throws(ShapeError) -> ValueID {
        try node(.mean(axis: axis), [x])
    }

    /// Cuts a picture into square patches. x [B, H, W, C] → [B, H/p·W/p, p·p·C], patches row by row, inside a
    /// patch (row, column, channel).
    public mutating func patchify(_ x: ValueID, size: Int) throws(ShapeError) -> ValueID {
        let picture = shape(of: x)
        guard picture.rank == 4, size >= 1, picture[1] % size == 0, picture[2] % size == 0 else {
            throw ShapeError(
                node: path("patchify"), operation: "patchify", inputs: [picture],
                rule: "height and width of [B, H, W, C] are multiples of \(size)")
        }
        let (rows, columns) = (picture[1] / size, picture[2] / size)
        let split = try reshape(x, [picture[0], rows, size, columns, size, picture[3]])
        let grouped = try transpose(split, [0, 1, 3, 2, 4, 5])
        return try reshape(grouped, [picture[0], rows * columns, size * size * picture[3]])
    }

    /// The inverse of `patchify`. x [B, T, p·p·C] → [B, height, width, C]
    public mutating func unpatchify(
        _ x: ValueID, size: Int, height: Int, width: Int
    ) throws(ShapeError) -> ValueID {
        let tokens = shape(of: x)
        let (rows, columns) = (height / max(1, size), width / max(1, size))
        guard tokens.rank == 3, size >= 1, height == rows * size, width == columns * size,
            rows * columns == tokens[1], tokens[2] % (size * size) == 0
        else {
            throw ShapeError(
                node: path("unpatchify"), operation: "unpatchify", inputs: [tokens],
                rule: "\(height)×\(width) in patches of \(size) does not fit [B, T, p·p·C]")
        }
        let channels = tokens[2] / (size * size)
        let split = try reshape(x, [tokens[0], rows, columns, size, size, channels])
        let grouped = try transpose(split, [0, 1, 3, 2, 4, 5])
        return try reshape(grouped, [tokens[0], height, width, channels])
    }

    /// Spreads channels over pixels in PyTorch's order. x [B, H, W, C·r·r] → [B, r·H, r·W, C]
    public mutating func pixelShuffle(_ x: ValueID, factor: Int) throws(ShapeError) -> ValueID {
        let picture = shape(of: x)
        guard picture.rank == 4, factor >= 1, picture[3] % (factor * factor) == 0 else {
            throw ShapeError(
                node: path("pixelShuffle"), operation: "pixelShuffle", inputs: [picture],
                rule: "the channels of [B, H, W, C·r·r] are a multiple of \(factor * factor)")
        }
        let channels = picture[3] / (factor * factor)
        let split = try reshape(x, [picture[0], picture[1], picture[2], channels, factor, factor])
        let grouped = try transpose(split, [0, 1, 4, 2, 5, 3])
        return try reshape(grouped, [picture[0], picture[1] * factor, picture[2] * factor, channels])
    }
}
