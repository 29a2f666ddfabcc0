import Graphs
import Tensors

/// Where inputs and outputs lie in the buffers that host and device share, and what is copied from or to where.
struct TransferPlan {
    struct Part {
        let named: NamedValue
        let info: ValueInfo
        /// In the shared buffer.
        let offset: Int
        /// On the device.
        let view: BufferView
    }

    private(set) var parts: [Part] = []
    private(set) var byteCount = 0

    init(_ values: [NamedValue], in table: ValueTable) {
        for named in values {
            // Inputs and outputs are float32 or int32 on the device as on the host, so this is exact.
            let operand = table.operand(named.value)
            let start = operand.view.byteOffset + operand.offset * operand.view.type.byteCount
            let view = BufferView(
                buffer: operand.view.buffer, byteOffset: start, byteCount: operand.info.byteCount,
                type: operand.view.type)
            parts.append(Part(named: named, info: operand.info, offset: byteCount, view: view))
            byteCount += (operand.info.byteCount + 15) / 16 * 16
        }
    }
}
