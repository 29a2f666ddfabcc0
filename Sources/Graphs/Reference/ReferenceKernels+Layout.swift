import Tensors

/// Operations that only move elements, and the mean over an axis.
extension ReferenceKernels {
    static func concatenate(_ inputs: [ReferenceArray], axis: Int, _ shape: Shape) -> ReferenceArray {
        // Everything inside the axis is one run; runs of all inputs take turns.
        let outer = shape.dimensions[..<axis].reduce(1, *)
        var values: [Double] = []
        values.reserveCapacity(shape.elementCount)
        for block in 0..<outer {
            for input in inputs {
                let run = input.values.count / outer
                values += input.values[block * run..<(block + 1) * run]
            }
        }
        return ReferenceArray(shape: shape, values: values)
    }

    static func slice(_ x: ReferenceArray, axis: Int, start: Int, _ shape: Shape) -> ReferenceArray {
        let strides = x.shape.strides
        return gather(x, shape) { index in
            zip(index, strides).reduce(start * strides[axis]) { $0 + $1.0 * $1.1 }
        }
    }

    static func transpose(_ x: ReferenceArray, _ permutation: [Int], _ shape: Shape) -> ReferenceArray {
        let strides = x.shape.strides
        return gather(x, shape) { index in
            zip(index, permutation).reduce(0) { $0 + $1.0 * strides[$1.1] }
        }
    }

    static func upsampleNearest(_ x: ReferenceArray, factor: Int, _ shape: Shape) -> ReferenceArray {
        let strides = x.shape.strides
        return gather(x, shape) { index in
            index[0] * strides[0] + index[1] / factor * strides[1] + index[2] / factor * strides[2] + index[3]
        }
    }

    static func mean(_ x: ReferenceArray, axis: Int, _ shape: Shape) -> ReferenceArray {
        let strides = x.shape.strides
        var rest = strides
        rest.remove(at: axis)
        var result = ReferenceArray(zeros: shape)
        forEachIndex(of: shape) { position, index in
            let first = zip(index, rest).reduce(0) { $0 + $1.0 * $1.1 }
            let sum = (0..<x.shape[axis]).reduce(0.0) { $0 + x.values[first + $1 * strides[axis]] }
            result.values[position] = sum / Double(x.shape[axis])
        }
        return result
    }

    /// Each element of the result is the element of `x` at the position that `source` gives for its index.
    private static func gather(
        _ x: ReferenceArray, _ shape: Shape, source: ([Int]) -> Int
    ) -> ReferenceArray {
        var result = ReferenceArray(zeros: shape)
        forEachIndex(of: shape) { position, index in
            result.values[position] = x.values[source(index)]
        }
        return result
    }
}
