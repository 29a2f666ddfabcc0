import CKernels
import Graphs
import Tensors

/// Where values lie, float32 or bfloat16 (`Narrowing`).
struct Values {
    let base: UnsafeMutableRawPointer
    let precision: ProductPrecision

    /// As kernels of float32 take them.
    var floats: UnsafeMutablePointer<Float> { base.assumingMemoryBound(to: Float.self) }

    /// As kernels of ours name the type.
    var type: ck_type { precision == .bfloat16 ? CK_BFLOAT16 : CK_FLOAT32 }

    static func + (values: Values, elements: Int) -> Values {
        let width = values.precision == .bfloat16 ? 2 : 4
        return Values(base: values.base + elements * width, precision: values.precision)
    }
}

extension Operand {
    var values: Values { Values(base: base, precision: info.elementType == .bfloat16 ? .bfloat16 : .float32) }
}
