import CKernels
import Graphs
import Tensors

/// Where values lie, float32 or bfloat16 (`Narrowing`).
struct Values {
    let base: UnsafeMutableRawPointer
    let elementType: ElementType

    /// As kernels of float32 take them.
    var floats: UnsafeMutablePointer<Float> { base.assumingMemoryBound(to: Float.self) }

    /// As kernels of ours name the type.
    var type: ck_type { elementType == .bfloat16 ? CK_BFLOAT16 : CK_FLOAT32 }

    static func + (values: Values, elements: Int) -> Values {
        Values(base: values.base + elements * values.elementType.byteCount, elementType: values.elementType)
    }
}

extension Operand {
    var values: Values { Values(base: base, elementType: info.elementType) }
}
