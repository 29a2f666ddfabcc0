public import Graphs
public import Tensors

public struct ConcatenateCase: OpCase {
    let shapes: [Shape]
    let axis: Int

    public var label: String {
        "concatenate \(shapes.map(\.description).joined(separator: ", ")) along \(axis)"
    }
    public var bound: Double { Float32Bound.exact }

    public func build(_ builder: inout GraphBuilder) throws(ShapeError) -> ValueID {
        var values: [ValueID] = []
        for (index, shape) in shapes.enumerated() { values.append(builder.input("x\(index)", shape)) }
        return try builder.concatenate(values, axis: axis)
    }

    public static let all = [
        ConcatenateCase(shapes: [[3], [4]], axis: 0),
        ConcatenateCase(shapes: [[2, 5, 8], [3, 5, 8]], axis: 0),
        ConcatenateCase(shapes: [[2, 5, 8], [2, 24, 8]], axis: 1),
        ConcatenateCase(shapes: [[2, 5, 8], [2, 5, 1], [2, 5, 3]], axis: 2),
        ConcatenateCase(shapes: [[1, 4, 3, 5], [1, 4, 3, 7]], axis: 3),
    ]
}

public struct SliceCase: OpCase {
    let x: Shape
    let axis: Int
    let start: Int
    let count: Int

    public var label: String { "slice \(x), \(start)..<\(start + count) of axis \(axis)" }
    public var bound: Double { Float32Bound.exact }

    public func build(_ builder: inout GraphBuilder) throws(ShapeError) -> ValueID {
        try builder.slice(builder.input("x", x), axis: axis, start: start, count: count)
    }

    public static let all = [
        SliceCase(x: [4], axis: 0, start: 3, count: 1),
        SliceCase(x: [5, 3], axis: 0, start: 1, count: 3),
        SliceCase(x: [2, 6, 16], axis: 1, start: 2, count: 1),
        SliceCase(x: [2, 7, 48], axis: 2, start: 16, count: 16),
        SliceCase(x: [2, 7, 33], axis: 2, start: 32, count: 1),
        SliceCase(x: [2, 7, 33], axis: 1, start: 0, count: 7),
    ]
}

public struct ReshapeCase: OpCase {
    let x: Shape
    let target: Shape

    public var label: String { "reshape \(x) → \(target)" }
    public var bound: Double { Float32Bound.exact }

    /// Also reads the input by another node afterwards: a reshape may be an alias, not a hand-over.
    public func build(_ builder: inout GraphBuilder) throws(ShapeError) -> ValueID {
        let x = builder.input("x", x)
        let reshaped = try builder.reshape(x, target)
        let sum = try builder.add(x, x)
        return try builder.add(reshaped, builder.reshape(sum, target))
    }

    public static let all = [
        ReshapeCase(x: [1], target: []), ReshapeCase(x: [2, 7, 12], target: [2, 7, 3, 4]),
        ReshapeCase(x: [2, 3, 5], target: [30]),
    ]
}

public struct TransposeCase: OpCase {
    let x: Shape
    let permutation: [Int]

    public var label: String { "transpose \(x) by \(permutation)" }
    public var bound: Double { Float32Bound.exact }

    public func build(_ builder: inout GraphBuilder) throws(ShapeError) -> ValueID {
        try builder.transpose(builder.input("x", x), permutation)
    }

    public static let all = [
        TransposeCase(x: [3], permutation: [0]),
        TransposeCase(x: [5, 7], permutation: [1, 0]),
        TransposeCase(x: [2, 3, 4], permutation: [0, 1, 2]),
        TransposeCase(x: [2, 3, 4], permutation: [2, 0, 1]),
        TransposeCase(x: [2, 9, 4, 8], permutation: [0, 2, 1, 3]),
        TransposeCase(x: [2, 3, 4, 5], permutation: [3, 2, 1, 0]),
        TransposeCase(x: [2, 3, 2, 4, 2, 5], permutation: [0, 1, 3, 2, 4, 5]),
        TransposeCase(x: [1, 3, 4, 3, 2, 2], permutation: [0, 1, 4, 2, 5, 3]),
    ]
}

public struct UpsampleCase: OpCase {
    let x: Shape
    let factor: Int

    public var label: String { "upsampleNearest \(x) by \(factor)" }
    public var bound: Double { Float32Bound.exact }

    public func build(_ builder: inout GraphBuilder) throws(ShapeError) -> ValueID {
        try builder.upsampleNearest(builder.input("x", x), factor: factor)
    }

    public static let all = [
        UpsampleCase(x: [1, 1, 1, 1], factor: 1), UpsampleCase(x: [2, 3, 5, 7], factor: 2),
        UpsampleCase(x: [1, 2, 4, 16], factor: 3),
    ]
}

public struct MeanCase: OpCase {
    let x: Shape
    let axis: Int

    public var label: String { "mean \(x) over \(axis)" }

    public func build(_ builder: inout GraphBuilder) throws(ShapeError) -> ValueID {
        try builder.mean(builder.input("x", x), axis: axis)
    }

    public func tensor(_ name: String, _ info: ValueInfo, using generator: inout SeededGenerator) -> Tensor {
        .normal(info.shape, mean: 1, using: &generator)
    }

    public static let all = [
        MeanCase(x: [5], axis: 0), MeanCase(x: [2, 24, 33], axis: 1), MeanCase(x: [3, 4, 5], axis: 0),
        MeanCase(x: [2, 3, 8], axis: 2), MeanCase(x: [2, 3, 1, 4], axis: 2),
    ]
}
