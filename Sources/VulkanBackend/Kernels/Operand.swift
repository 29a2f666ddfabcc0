import Graphs
import Tensors

/// Where a value lies, as kernels that read or write it need to know.
///
/// Elements lie in rows of `run`, `stride` elements apart; a dense value is one such row.
struct Operand {
    let view: BufferView
    /// Elements from the start of what is bound to the first of the value: bindings begin at multiples of the device's
    /// alignment only.
    let offset: Int
    let info: ValueInfo
    let run: Int
    let stride: Int

    var shape: Shape { info.shape }
    /// The innermost extent, 1 for a scalar.
    var width: Int { shape.rank == 0 ? 1 : shape[-1] }
    /// Rows of the innermost extent.
    var rowCount: Int { shape.elementCount / max(1, width) }
    var isDense: Bool { run == shape.elementCount }
    /// Elements between tokens or other rows of the innermost extent.
    var rowStride: Int { run == width ? stride : width }

    /// A dense operand over a whole view.
    init(_ view: BufferView, _ info: ValueInfo, alignment: Int) {
        self.init(
            view, info, first: 0, run: info.shape.elementCount, stride: info.shape.elementCount, alignment: alignment)
    }

    /// - Parameter first: elements from the view's start to the value's first.
    init(_ view: BufferView, _ info: ValueInfo, first: Int, run: Int, stride: Int, alignment: Int) {
        let spare = view.byteOffset % alignment
        self.view = BufferView(
            buffer: view.buffer, byteOffset: view.byteOffset - spare, byteCount: view.byteCount + spare,
            type: view.type)
        offset = spare / view.type.byteCount + first
        (self.info, self.run, self.stride) = (info, run, stride)
    }
}
