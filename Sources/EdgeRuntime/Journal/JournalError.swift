/// A hand-off file that could not be kept or read.
public struct JournalError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: Hashable, Sendable {
        /// No unfinished picture has that name.
        case notFound
        /// The file is there but makes no sense.
        case damaged
        /// The file could not be written: no room, no right.
        case notWritable
    }

    public let code: Code
    public let path: String
    /// What went wrong and what to do about it.
    public let message: String

    init(_ code: Code, path: String, _ message: String) {
        self.code = code
        self.path = path
        self.message = message
    }

    public var description: String { "\(path): \(message)" }
}
