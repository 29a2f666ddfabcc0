import CKernels
import Graphs
import Tensors

/// Where a value lies, as the kernels that read it need to know.
///
/// Most values are dense. A view that a slice made is rows of `run` floats, `stride` floats apart.
struct Operand {
    let info: ValueInfo
    let base: UnsafeMutableRawPointer
    let run: Int
    let stride: Int
    /// Whether the value is the same at every run.
    let isFixed: Bool

    var shape: Shape { info.shape }

    var floats: UnsafeMutablePointer<Float> { base.assumingMemoryBound(to: Float.self) }

    /// The innermost extent, 1 for a scalar.
    var width: Int { shape.rank == 0 ? 1 : shape[-1] }

    /// How many rows of the innermost extent there are.
    var rowCount: Int { shape.elementCount / max(1, width) }

    /// For kernels that read rows at any spacing.
    var rows: ck_rows { ck_rows(base: floats, run: max(1, run / max(1, width)), stride: stride) }
}
