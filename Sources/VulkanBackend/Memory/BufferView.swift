/// A part of a buffer with the type of its elements: what is bound to a kernel.
struct BufferView {
    let buffer: DeviceBuffer
    let byteOffset: Int
    let byteCount: Int
    let type: StorageType

    /// Bytes in the buffer.
    var range: Range<Int> { byteOffset..<byteOffset + byteCount }
}
