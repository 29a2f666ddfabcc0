public import Tensors

extension Tensor {
    /// Normal elements.
    public static func normal(
        _ shape: Shape, mean: Double = 0, deviation: Double = 1, using generator: inout SeededGenerator
    ) -> Tensor {
        Tensor(shape, (0..<shape.elementCount).map { _ in Float(mean + deviation * generator.normal()) })
    }

    /// Elements uniform in a range.
    public static func uniform(
        _ shape: Shape, in range: ClosedRange<Double>, using generator: inout SeededGenerator
    ) -> Tensor {
        Tensor(
            shape,
            (0..<shape.elementCount).map { _ in
                Float(range.lowerBound + (range.upperBound - range.lowerBound) * generator.uniform())
            })
    }

    /// Integers below `count`, the first and the last of which do occur if there is room.
    public static func ids(_ shape: Shape, below count: Int, using generator: inout SeededGenerator) -> Tensor {
        var ids = (0..<shape.elementCount).map { _ in Int32(generator.integer(in: 0...count - 1)) }
        if ids.count >= 2 {
            ids[0] = Int32(count - 1)
            ids[1] = 0
        }
        return Tensor(shape, ids)
    }
}
