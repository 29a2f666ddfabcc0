/// Bytes that tensors stand on: never written after they are filled, so any number of tensors may share them.
///
/// Kinds of storage differ in who gives the memory back: `OwnedStorage` frees its allocation, a mapped file
/// unmaps itself.
public protocol TensorStorage: AnyObject, Sendable {
    /// The bytes. Valid as long as the storage lives, which may end at its last mention: use `withBytes`.
    var bytes: UnsafeRawBufferPointer { get }
}

extension TensorStorage {
    /// Calls `body` with the bytes, which stay valid until it returns.
    public func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        defer { withExtendedLifetime(self) {} }
        return try body(bytes)
    }
}

/// An allocation of its own, aligned for the widest vector instructions.
public final class OwnedStorage: TensorStorage, @unchecked Sendable {
    // @unchecked: the memory is written only inside `init`, before anybody else can see it.
    private let memory: UnsafeMutableRawBufferPointer

    /// Alignment of the first byte: one cache line, one AVX-512 register.
    public static let alignment = 64

    /// Allocates `byteCount` bytes and lets `fill` write all of them.
    public init(byteCount: Int, fill: (UnsafeMutableRawBufferPointer) throws -> Void) rethrows {
        let memory = UnsafeMutableRawBufferPointer.allocate(
            byteCount: byteCount, alignment: OwnedStorage.alignment)
        do {
            try fill(memory)
        } catch {
            memory.deallocate()
            throw error
        }
        self.memory = memory
    }

    deinit { memory.deallocate() }

    public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(memory) }
}
