import CKernels
import Graphs
import Tensors

/// Where a value lies, as the kernels that read it need to know.
///
/// Most values are dense. A view that a slice made is rows of `run` floats, `stride` floats apart.
struct Operand {
    private enum Place {
        case memory(UnsafeMutableRawPointer)
        case weight(FixedWeight)
    }

    let info: ValueInfo
    let run: Int
    let stride: Int
    private let place: Place

    init(info: ValueInfo, base: UnsafeMutableRawPointer, run: Int, stride: Int) {
        self.info = info
        self.run = run
        self.stride = stride
        place = .memory(base)
    }

    /// A weight of the model, dense.
    init(info: ValueInfo, weight: FixedWeight) {
        self.info = info
        (run, stride) = (info.shape.elementCount, info.shape.elementCount)
        place = .weight(weight)
    }

    var base: UnsafeMutableRawPointer {
        switch place {
        case .memory(let base): base
        case .weight(let weight): weight.plain.base
        }
    }

    /// The value as a product's weight.
    var weight: Weight {
        switch place {
        case .memory(let base): .given(UnsafePointer(base.assumingMemoryBound(to: Float.self)))
        case .weight(let weight): .fixed(weight)
        }
    }

    var shape: Shape { info.shape }

    var floats: UnsafeMutablePointer<Float> { base.assumingMemoryBound(to: Float.self) }

    /// The innermost extent, 1 for a scalar.
    var width: Int { shape.rank == 0 ? 1 : shape[-1] }

    /// How many rows of the innermost extent there are.
    var rowCount: Int { shape.elementCount / max(1, width) }

    /// For kernels that read rows at any spacing.
    var rows: ck_rows { ck_rows(base: floats, run: max(1, run / max(1, width)), stride: stride) }
}
