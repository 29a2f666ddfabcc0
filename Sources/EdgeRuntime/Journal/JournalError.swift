import Foundation

/// A hand-off file that could not be kept, read or forgotten.
public struct JournalError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: Hashable, Sendable {
        /// No unfinished picture has that name.
        case notFound
        /// The file is there but cannot be read or makes no sense.
        case damaged
        /// The file could not be written or removed: no room, no right.
        case notWritable
        /// Somebody else works on the picture.
        case inUse
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

    static func notFound(_ file: URL) -> JournalError {
        JournalError(
            .notFound, path: file.path, "there is no such hand-off file; `underpaint resume --list` shows them")
    }

    public var description: String { "\(path): \(message)" }
}
