/// Cuts a stream of bytes, which arrives in any pieces, into messages.
///
/// Holds at most one frame and what came with it. After an error the stream has no more frame boundary:
/// every later call of `next` throws the same error.
public struct FrameReader: Sendable {
    private let limit: Int
    private var buffer: [UInt8] = []
    private var consumed = 0
    private var failure: WireError?

    /// - Parameter limit: the longest message that is taken; a longer one is refused at its header.
    public init(limit: Int) {
        self.limit = limit
    }

    /// Whether the stream may end here.
    public var isBetweenFrames: Bool { consumed == buffer.count && failure == nil }

    public mutating func append(_ bytes: some Sequence<UInt8>) {
        guard failure == nil else { return }
        if consumed > 0 {
            buffer.removeSubrange(..<consumed)
            consumed = 0
        }
        buffer.append(contentsOf: bytes)
    }

    /// The next whole message, or nil while its bytes are still to come.
    public mutating func next() throws(WireError) -> [UInt8]? {
        if let failure { throw failure }
        do throws(WireError) {
            return try cutMessage()
        } catch {
            failure = error
            throw error
        }
    }

    private mutating func cutMessage() throws(WireError) -> [UInt8]? {
        guard buffer.count - consumed >= Frame.headerBytes else { return nil }
        let declared = word(at: consumed)
        guard declared <= UInt32(clamping: limit) else {
            throw WireError(
                .oversized,
                "a frame declares \(declared) bytes, at most \(limit) are taken here; "
                    + "is the other side an Underpaint verifier or client?")
        }
        let start = consumed + Frame.headerBytes
        let length = Int(declared)
        guard buffer.count - start >= length else { return nil }
        let message = Array(buffer[start..<start + length])
        guard CRC32.checksum(message) == word(at: consumed + 4) else {
            throw WireError(.checksumMismatch, "a frame was damaged on its way; send it again")
        }
        consumed = start + length
        return message
    }

    private func word(at offset: Int) -> UInt32 {
        (0..<4).reduce(0) { $0 | UInt32(buffer[offset + $1]) << (8 * UInt32($1)) }
    }
}
