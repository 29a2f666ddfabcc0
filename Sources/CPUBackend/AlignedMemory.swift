import Tensors

/// Memory of its own, aligned for the widest vector instructions, that kernels read and write.
///
/// Not for two threads at once.
final class AlignedMemory {
    let base: UnsafeMutableRawPointer
    private let byteCount: Int

    init(byteCount: Int) {
        self.byteCount = max(byteCount, 1)
        base = .allocate(byteCount: self.byteCount, alignment: OwnedStorage.alignment)
    }

    convenience init(floatCount: Int) {
        self.init(byteCount: floatCount * MemoryLayout<Float>.stride)
    }

    convenience init(zeros byteCount: Int) {
        self.init(byteCount: byteCount)
        base.initializeMemory(as: UInt8.self, repeating: 0, count: self.byteCount)
    }

    /// A copy of a tensor, widened to float32 unless it holds integers.
    convenience init(_ tensor: Tensor) {
        switch tensor.elementType {
        case .int32:
            self.init(byteCount: tensor.byteCount)
            tensor.withBytes { bytes.copyMemory(from: $0) }
        case .float32, .bfloat16, .float16:
            let count = tensor.shape.elementCount
            self.init(floatCount: count)
            tensor.copyFloats(to: UnsafeMutableBufferPointer(start: floats, count: count))
        }
    }

    deinit { base.deallocate() }

    /// As many bytes, up to the end of a cache line.
    static func lines(_ byteCount: Int) -> Int { (byteCount + 63) / 64 * 64 }

    var bytes: UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(start: base, count: byteCount) }

    /// The memory as floats; nothing else is ever stored in memory that is asked for as floats.
    var floats: UnsafeMutablePointer<Float> { base.assumingMemoryBound(to: Float.self) }
}
