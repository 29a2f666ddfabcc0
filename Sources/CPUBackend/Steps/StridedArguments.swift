import CKernels
import Tensors

/// Axes joined where they lie in one another's extension, outermost first: fewer and longer loops.
struct StridedAxes {
    private(set) var extents: [Int] = []
    private(set) var strides: [Int] = []

    /// - Parameters:
    ///   - extents: of a dense result.
    ///   - strides: of what is read, in elements; 0 repeats.
    init(extents: [Int], strides: [Int]) {
        for (extent, stride) in zip(extents, strides) where extent != 1 {
            if let last = self.extents.last, self.strides[self.strides.count - 1] == extent * stride {
                self.extents[self.extents.count - 1] = last * extent
                self.strides[self.strides.count - 1] = stride
            } else {
                self.extents.append(extent)
                self.strides.append(stride)
            }
        }
        if self.extents.isEmpty {
            self.extents = [1]
            self.strides = [1]
        }
    }

    var rank: Int { extents.count }

    /// Strides of `b` broadcast to a result by NumPy's rules.
    static func broadcastStrides(of b: Shape, to result: Shape) -> [Int] {
        let missing = result.rank - b.rank
        let strides = b.strides
        return (0..<result.rank).map { axis in
            axis < missing || b[axis - missing] == 1 ? 0 : strides[axis - missing]
        }
    }
}

/// The fixed-size arrays of the C structures, as tuples.
typealias Axes = (Int, Int, Int, Int, Int, Int, Int, Int)

extension StridedAxes {
    private static func tuple(_ values: [Int]) -> Axes {
        let v = values + [Int](repeating: 0, count: max(0, Int(CK_MAX_RANK) - values.count))
        return (v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7])
    }

    /// - Throws: `CPUBackendError` when more axes are left than the kernels walk.
    func tuples(for kernel: String) throws(CPUBackendError) -> (extents: Axes, strides: Axes) {
        guard rank <= Int(CK_MAX_RANK) else { throw CPUBackendError(call: kernel, status: rank) }
        return (StridedAxes.tuple(extents), StridedAxes.tuple(strides))
    }
}

extension ck_gather_args {
    init(
        x: UnsafePointer<Float>, y: UnsafeMutablePointer<Float>, _ axes: StridedAxes
    ) throws(CPUBackendError) {
        let (extents, strides) = try axes.tuples(for: "gather of more than \(CK_MAX_RANK) axes")
        self.init(x: x, y: y, rank: Int32(axes.rank), extents: extents, strides: strides)
    }
}

extension ck_broadcast_args {
    init(
        _ operation: ck_binary, a: UnsafePointer<Float>, b: UnsafePointer<Float>,
        y: UnsafeMutablePointer<Float>, _ axes: StridedAxes
    ) throws(CPUBackendError) {
        let (extents, strides) = try axes.tuples(for: "broadcast of more than \(CK_MAX_RANK) axes")
        self.init(
            operation: operation, a: a, b: b, y: y, rank: Int32(axes.rank), extents: extents, strides: strides)
    }
}
