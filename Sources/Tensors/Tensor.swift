/// A dense row-major array on the host: a frozen value that may cross threads.
public struct Tensor: Sendable {
    public let shape: Shape
    public let elementType: ElementType
    private let storage: any TensorStorage
    private let byteOffset: Int

    /// A tensor over bytes that `storage` keeps alive.
    ///
    /// The region must lie inside the storage; the offset needs no alignment.
    public init(shape: Shape, elementType: ElementType, storage: any TensorStorage, byteOffset: Int = 0) {
        precondition(
            byteOffset >= 0 && byteOffset + shape.elementCount * elementType.byteCount <= storage.bytes.count,
            "\(elementType) \(shape) at byte \(byteOffset) reaches outside \(storage.bytes.count) bytes")
        self.shape = shape
        self.elementType = elementType
        self.storage = storage
        self.byteOffset = byteOffset
    }

    /// A float32 tensor with a copy of `values`.
    public init(_ shape: Shape, _ values: [Float]) {
        self.init(copying: values, shape: shape, elementType: .float32)
    }

    /// An int32 tensor with a copy of `values`.
    public init(_ shape: Shape, _ values: [Int32]) {
        self.init(copying: values, shape: shape, elementType: .int32)
    }

    private init<Element>(copying values: [Element], shape: Shape, elementType: ElementType) {
        precondition(values.count == shape.elementCount, "\(values.count) values for shape \(shape)")
        let storage = values.withUnsafeBytes { source in
            OwnedStorage(byteCount: source.count) { $0.copyMemory(from: source) }
        }
        self.init(shape: shape, elementType: elementType, storage: storage)
    }

    public var byteCount: Int { shape.elementCount * elementType.byteCount }

    /// Calls `body` with the tensor's bytes, which may be unaligned in a mapped file.
    public func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try storage.withBytes { (all) throws(Failure) in
            try body(UnsafeRawBufferPointer(rebasing: all[byteOffset..<byteOffset + byteCount]))
        }
    }

    /// The elements as float32, converted where they are stored narrower.
    public func floats() -> [Float] {
        withBytes { bytes in
            [Float](unsafeUninitializedCapacity: shape.elementCount) { target, count in
                copyFloats(from: bytes, to: UnsafeMutableBufferPointer(rebasing: target[..<shape.elementCount]))
                count = shape.elementCount
            }
        }
    }

    /// Writes the elements as float32 into `target`, which must hold exactly as many.
    public func copyFloats(to target: UnsafeMutableBufferPointer<Float>) {
        precondition(target.count == shape.elementCount, "\(target.count) places for shape \(shape)")
        withBytes { copyFloats(from: $0, to: target) }
    }

    /// The elements of an int32 tensor.
    public func int32s() -> [Int32] {
        precondition(elementType == .int32, "\(elementType) is not int32")
        return withBytes { bytes in
            (0..<shape.elementCount).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Int32.self) }
        }
    }

    private func copyFloats(from bytes: UnsafeRawBufferPointer, to target: UnsafeMutableBufferPointer<Float>) {
        switch elementType {
        case .float32:
            UnsafeMutableRawBufferPointer(target).copyMemory(from: bytes)
        case .bfloat16:
            for index in target.indices {
                let half = bytes.loadUnaligned(fromByteOffset: 2 * index, as: UInt16.self)
                target[index] = Float(bitPattern: UInt32(half) << 16)
            }
        case .float16:
            for index in target.indices {
                target[index] = Float(bytes.loadUnaligned(fromByteOffset: 2 * index, as: Float16.self))
            }
        case .int32:
            for index in target.indices {
                target[index] = Float(bytes.loadUnaligned(fromByteOffset: 4 * index, as: Int32.self))
            }
        }
    }
}
