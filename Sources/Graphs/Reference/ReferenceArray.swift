package import Tensors

/// A dense row-major array in double precision: what the reference interpreter computes with.
///
/// Token ids are held as doubles too, which represent every int32 exactly.
package struct ReferenceArray: Sendable {
    package let shape: Shape
    package var values: [Double]

    package init(shape: Shape, values: [Double]) {
        precondition(values.count == shape.elementCount, "\(values.count) values for shape \(shape)")
        self.shape = shape
        self.values = values
    }

    /// All elements zero.
    package init(zeros shape: Shape) {
        self.init(shape: shape, values: [Double](repeating: 0, count: shape.elementCount))
    }

    package init(_ tensor: Tensor) {
        switch tensor.elementType {
        case .int32: self.init(shape: tensor.shape, values: tensor.int32s().map(Double.init))
        case .float32, .bfloat16, .float16:
            self.init(shape: tensor.shape, values: tensor.floats().map(Double.init))
        }
    }

    /// The elements rounded to `info`'s type, which is float32 or int32 in a graph.
    package func tensor(as info: ValueInfo) -> Tensor {
        info.elementType == .int32
            ? Tensor(shape, values.map { Int32(clamping: Int($0)) })
            : Tensor(shape, values.map(Float.init))
    }

    /// A function of every element.
    func map(_ body: (Double) -> Double) -> ReferenceArray {
        ReferenceArray(shape: shape, values: values.map(body))
    }

    /// The extent of the innermost axis.
    var width: Int { shape[-1] }
    /// How many runs of `width` elements there are.
    var rowCount: Int { width == 0 ? 0 : values.count / width }
}
