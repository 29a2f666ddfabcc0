/// Bytes that are no frame of this protocol.
public struct WireError: Error, Hashable, Sendable {
    public enum Code: String, Hashable, Sendable, CaseIterable {
        /// The bytes end inside a frame, or there are too many.
        case truncated
        /// A frame declares more bytes than may come here.
        case oversized
        /// The bytes changed on their way.
        case checksumMismatch
        /// The frame is whole but its message makes no sense.
        case malformed
        /// The other side speaks no version that this one does.
        case unsupportedVersion
    }

    public var code: Code
    /// What went wrong and what to do about it.
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}

extension WireError: CustomStringConvertible {
    public var description: String { message }
}
