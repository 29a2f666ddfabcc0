import CShaders
import Graphs
import Tensors

/// Axes of a walk over elements, with steps on one or two sides; neighbours that step together are merged.
struct StridedAxes {
    private(set) var extents: [Int] = []
    private(set) var first: [Int] = []
    private(set) var second: [Int] = []

    /// - Parameters:
    ///   - first, second: elements between neighbours along each axis.
    init(_ extents: [Int], _ first: [Int], _ second: [Int]) {
        for axis in extents.indices where extents[axis] != 1 {
            if let last = self.extents.indices.last, self.first[last] == first[axis] * extents[axis],
                self.second[last] == second[axis] * extents[axis]
            {
                self.extents[last] *= extents[axis]
                (self.first[last], self.second[last]) = (first[axis], second[axis])
            } else {
                self.extents.append(extents[axis])
                self.first.append(first[axis])
                self.second.append(second[axis])
            }
        }
    }

    var rank: Int { extents.count }

    /// The same walk in steps of `width` elements, nil where neighbours do not lie together in such.
    func inWords(of width: Int) -> StridedAxes? {
        guard let last = extents.indices.last, first[last] == 1, second[last] == 1, extents[last] % width == 0,
            (first.dropLast() + second.dropLast()).allSatisfy({ $0 % width == 0 })
        else { return nil }
        var words = self
        words.extents[last] /= width
        for axis in extents.indices.dropLast() {
            words.first[axis] /= width
            words.second[axis] /= width
        }
        return words
    }

    /// Throws if there are more axes than shaders walk.
    func check(_ site: KernelBuilder.Site) throws(VulkanError) {
        guard rank <= Int(CS_MAX_RANK) else {
            throw .tooLarge(
                node: site.node.name, reason: "\(rank) axes are more than the kernels walk (\(CS_MAX_RANK))")
        }
    }

    /// Steps of `shape` broadcast to `target` by NumPy's rules: 0 along repeated axes.
    static func broadcastStrides(of shape: Shape, to target: Shape) -> [Int] {
        let missing = target.rank - shape.rank
        let strides = shape.strides
        return (0..<target.rank).map { axis in
            axis < missing || shape[axis - missing] == 1 ? 0 : strides[axis - missing]
        }
    }
}

/// Eight numbers as C has them in a structure.
typealias AxisTuple = (UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32, UInt32)

/// Up to eight extents or strides, the rest ones.
func axisTuple(_ values: [Int]) -> AxisTuple {
    func at(_ index: Int) -> UInt32 { index < values.count ? u32(values[index]) : 1 }
    return (at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7))
}
