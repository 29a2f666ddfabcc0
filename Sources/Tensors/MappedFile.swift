#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A file as memory.
///
/// Mapped, the system reads pages when they are touched and may drop them again; the file must not be shortened meanwhile, which would
/// end the process at the next touch: replace it by renaming a new one over it instead, as `SafetensorsWriter` does. What must
/// stay what it is, whatever becomes of the file, is copied.
public final class MappedFile: TensorStorage, @unchecked Sendable {
    // @unchecked: the mapping is read-only and lives as long as this object.
    public let bytes: UnsafeRawBufferPointer
    public let path: String

    /// Maps a whole file. An empty file has no bytes and is no error.
    public init(path: String) throws(FileError) {
        let file = try OpenFile(reading: path)
        let byteCount = try file.byteCount()
        bytes = byteCount == 0 ? UnsafeRawBufferPointer(start: nil, count: 0) : try file.map(byteCount: byteCount)
        self.path = path
    }

    /// Copies a whole file to memory of its own: what becomes of the file later does not reach it.
    public init(copying path: String) throws(FileError) {
        let file = try OpenFile(reading: path)
        let byteCount = try file.byteCount()
        self.path = path
        guard byteCount > 0 else {
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        let address = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        guard let address, address != MAP_FAILED else {
            throw FileError(path: path, operation: .map, errorNumber: errno)
        }
        let memory = UnsafeMutableRawBufferPointer(start: address, count: byteCount)
        bytes = UnsafeRawBufferPointer(memory)
        var rest = memory[...]
        while !rest.isEmpty {
            let count = try file.read(into: UnsafeMutableRawBufferPointer(rebasing: rest))
            guard count > 0 else {
                throw FileError(path: path, operation: .read, reason: "it became shorter while it was read; try again")
            }
            rest = rest.dropFirst(count)
        }
    }

    deinit {
        if let start = bytes.baseAddress {
            munmap(UnsafeMutableRawPointer(mutating: start), bytes.count)
        }
    }
}
