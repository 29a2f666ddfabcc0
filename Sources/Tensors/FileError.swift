#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A file that the system does not let us use.
public struct FileError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Operation: String, Hashable, Sendable {
        case open, read, map, write, rename, digest
    }

    public let path: String
    public let operation: Operation
    /// What is wrong and what to do.
    public let reason: String

    public init(path: String, operation: Operation, reason: String) {
        self.path = path
        self.operation = operation
        self.reason = reason
    }

    /// The error that the last system call left behind.
    init(path: String, operation: Operation, errorNumber: Int32) {
        var buffer = [CChar](repeating: 0, count: 256)
        let said = strerror_r(errorNumber, &buffer, buffer.count)
        let advice =
            switch errorNumber {
            case ENOENT: "; check the path"
            case EACCES, EPERM: "; check who may read and write it"
            case ENOSPC: "; make room on the disk"
            default: ""
            }
        self.init(path: path, operation: operation, reason: FileError.text(said, buffer) + advice)
    }

    /// glibc's strerror_r gives the text, POSIX's fills the buffer.
    private static func text(_ said: UnsafeMutablePointer<CChar>?, _ buffer: [CChar]) -> String {
        said.map { String(cString: $0) } ?? "unknown error"
    }

    private static func text(_ said: Int32, _ buffer: [CChar]) -> String {
        String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    public var description: String { "cannot \(operation.rawValue) \(path): \(reason)" }
}
