#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A file as memory: the system reads pages when they are touched and may drop them again.
///
/// The file must not be shortened while it is mapped, which would end the process at the next touch; replace it
/// by renaming a new one over it instead, as `SafetensorsWriter` does.
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

    deinit {
        if let start = bytes.baseAddress {
            munmap(UnsafeMutableRawPointer(mutating: start), bytes.count)
        }
    }
}
