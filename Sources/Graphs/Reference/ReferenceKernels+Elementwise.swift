import Tensors

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension Activation {
    /// The function's value at `x`, in double precision.
    func callAsFunction(_ x: Double) -> Double {
        switch self {
        case .silu: x / (1 + exp(-x))
        case .geluTanh: 0.5 * x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
        case .gelu: 0.5 * x * (1 + erf(x / 2.0.squareRoot()))
        case .geluSigmoid: x / (1 + exp(-1.702 * x))
        }
    }
}

extension ReferenceKernels {
    /// The activation's value, or `x` where there is none.
    static func apply(_ activation: Activation?, to x: Double) -> Double {
        activation.map { $0(x) } ?? x
    }

    /// a ∘ b element by element, b broadcast to a's shape.
    static func broadcast(
        _ a: ReferenceArray, _ b: ReferenceArray, _ body: (Double, Double) -> Double
    ) -> ReferenceArray {
        // How far to walk in b for one step along each axis of a: nothing along a broadcast axis.
        let missing = a.shape.rank - b.shape.rank
        let walk = (0..<a.shape.rank).map { axis in
            axis < missing || b.shape[axis - missing] == 1 ? 0 : b.shape.strides[axis - missing]
        }
        var result = a
        forEachIndex(of: a.shape) { position, index in
            let other = zip(index, walk).reduce(0) { $0 + $1.0 * $1.1 }
            result.values[position] = body(a.values[position], b.values[other])
        }
        return result
    }

    /// x·(1 + scale) + shift. x [B, T, D], shift and scale [B, D]
    static func modulate(
        _ x: ReferenceArray, shift: ReferenceArray, scale: ReferenceArray
    ) -> ReferenceArray {
        let (tokens, width) = (x.shape[1], x.shape[2])
        var result = x
        for position in x.values.indices {
            let row = position / width / tokens * width + position % width  // in [B, D]
            result.values[position] = x.values[position] * (1 + scale.values[row]) + shift.values[row]
        }
        return result
    }

    /// Calls `body` for every element with its position in memory and its index along each axis.
    static func forEachIndex(of shape: Shape, _ body: (_ position: Int, _ index: [Int]) -> Void) {
        var index = [Int](repeating: 0, count: shape.rank)
        for position in 0..<shape.elementCount {
            body(position, index)
            for axis in stride(from: shape.rank - 1, through: 0, by: -1) {
                index[axis] += 1
                if index[axis] < shape[axis] { break }
                index[axis] = 0
            }
        }
    }
}
