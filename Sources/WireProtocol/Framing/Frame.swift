/// The one envelope of every body in both directions: length, checksum, message.
///
///     u32 little-endian   length n of the message
///     u32 little-endian   CRC-32 of the message
///     n bytes             the message, protobuf
///
/// The checksum covers the whole message and not the latent alone: a flipped bit in the seed would make
/// another picture without any error.
public enum Frame {
    /// The media type of a body made of frames.
    public static let mediaType = "application/x-underpaint-frames"
    static let headerBytes = 8
    /// The longest message that a client may send.
    public static let requestLimit = 1 << 20
    /// The longest message that a verifier may send; a 4096×4096 PNG of noise fits.
    public static let replyLimit = 64 << 20

    static func wrap(_ message: [UInt8], limit: Int) throws(WireError) -> [UInt8] {
        guard message.count <= limit else {
            throw WireError(.oversized, "a message of \(message.count) bytes exceeds the limit of \(limit)")
        }
        var frame: [UInt8] = []
        frame.reserveCapacity(headerBytes + message.count)
        for word in [UInt32(message.count), CRC32.checksum(message)] {
            withUnsafeBytes(of: word.littleEndian) { frame.append(contentsOf: $0) }
        }
        frame.append(contentsOf: message)
        return frame
    }

    /// The message of a body that must be exactly one frame.
    static func unwrap(_ bytes: some Sequence<UInt8>, limit: Int) throws(WireError) -> [UInt8] {
        var reader = FrameReader(limit: limit)
        reader.append(bytes)
        guard let message = try reader.next(), reader.isBetweenFrames else {
            throw WireError(.truncated, "the body is not exactly one frame; it was cut or something was added")
        }
        return message
    }
}
