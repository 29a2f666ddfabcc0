#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// An open file that closes itself.
struct OpenFile: ~Copyable {
    let path: String
    private let descriptor: Int32

    /// Opens a regular file for reading.
    init(reading path: String) throws(FileError) {
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        self.path = path
        guard descriptor >= 0 else { throw FileError(path: path, operation: .open, errorNumber: errno) }
    }

    /// Makes an empty file for writing, in place of what is there.
    init(writing path: String) throws(FileError) {
        descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        self.path = path
        guard descriptor >= 0 else { throw FileError(path: path, operation: .open, errorNumber: errno) }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// The file's size in bytes; directories, pipes and devices are refused.
    func byteCount() throws(FileError) -> Int {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw FileError(path: path, operation: .read, errorNumber: errno)
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw FileError(path: path, operation: .read, reason: "it is not a regular file; give the file itself")
        }
        return Int(status.st_size)
    }

    /// Maps the first `byteCount` bytes for reading, which must be more than none.
    func map(byteCount: Int) throws(FileError) -> UnsafeRawBufferPointer {
        let address = mmap(nil, byteCount, PROT_READ, MAP_PRIVATE, descriptor, 0)
        guard let address, address != MAP_FAILED else {
            throw FileError(path: path, operation: .map, errorNumber: errno)
        }
        return UnsafeRawBufferPointer(start: address, count: byteCount)
    }

    /// Fills `buffer` from where the last read ended; gives how many bytes there were, 0 at the end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(FileError) -> Int {
        while true {
            #if canImport(Glibc)
                let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            #elseif canImport(Musl)
                let count = Musl.read(descriptor, buffer.baseAddress, buffer.count)
            #else
                let count = Darwin.read(descriptor, buffer.baseAddress, buffer.count)
            #endif
            if count >= 0 { return count }
            guard errno == EINTR else { throw FileError(path: path, operation: .read, errorNumber: errno) }
        }
    }

    /// Appends all of `bytes`.
    func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = UnsafeRawBufferPointer(rebasing: rest)
            #if canImport(Glibc)
                let count = Glibc.write(descriptor, part.baseAddress, part.count)
            #elseif canImport(Musl)
                let count = Musl.write(descriptor, part.baseAddress, part.count)
            #else
                let count = Darwin.write(descriptor, part.baseAddress, part.count)
            #endif
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR {
                throw FileError(path: path, operation: .write, errorNumber: errno)
            }
        }
    }

    /// Appends all of `bytes`.
    func write(_ bytes: [UInt8]) throws(FileError) {
        try bytes.withUnsafeBytes { bytes in Result { () throws(FileError) in try write(bytes) } }.get()
    }

    /// Waits until what was written is on the disk.
    func synchronise() throws(FileError) {
        guard fsync(descriptor) == 0 else { throw FileError(path: path, operation: .write, errorNumber: errno) }
    }
}
