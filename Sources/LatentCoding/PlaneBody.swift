import Diffusion

/// What follows the header in a frame of byte planes, exact or quantized: step, length, channel table, zstd payload.
struct PlaneBody {
    /// Bytes before the channel table.
    private static let fixedBytes = 8
    private static let tableBytesPerChannel = 8

    /// - Parameter channels: the quantizer of each channel; empty for exact words.
    static func bytes(step: Float, channels: [ChannelQuantizer], payload: [UInt8]) -> [UInt8]? {
        guard let count = UInt32(exactly: payload.count) else { return nil }
        var bytes: [UInt8] = []
        bytes.appendLittleEndian(step.bitPattern)
        bytes.appendLittleEndian(count)
        for channel in channels {
            bytes.appendLittleEndian(channel.offset.bitPattern)
            bytes.appendLittleEndian(channel.scale.bitPattern)
        }
        return bytes + payload
    }

    /// The words of the payload and the quantizers; none for an exact frame.
    ///
    /// - Parameter frame: a whole frame whose header is `header` and whose checksum fits.
    static func words<Word: FixedWidthInteger & UnsignedInteger>(
        in frame: [UInt8], header: LatentFrameHeader, count: Int, as: Word.Type
    ) throws(LatentCodingError) -> (words: [Word], channels: [ChannelQuantizer]) {
        let step = Float(bitPattern: frame.littleEndian(at: LatentFrameHeader.byteCount))
        let end = frame.count - 4
        let payload = frame[payloadOffset(header)..<end]
        let channels = try channels(in: frame, header: header, step: step)
        let content = try ZstdPayload.decompress(payload, count: count * Word.bitWidth / 8)
        return (BytePlanes.join(content, as: Word.self), channels)
    }

    /// The bytes of the whole frame, the checksum included, as it declares them itself.
    ///
    /// - Throws: `.wrongLength` for a frame that ends before it does so.
    static func declaredFrameBytes(
        of frame: [UInt8], header: LatentFrameHeader
    ) throws(LatentCodingError) -> Int {
        let offset = payloadOffset(header)
        guard frame.count >= LatentFrameHeader.byteCount + fixedBytes else {
            throw .wrongLength(expected: offset + 4, got: frame.count)
        }
        let payloadBytes: UInt32 = frame.littleEndian(at: LatentFrameHeader.byteCount + 4)
        return offset + Int(payloadBytes) + 4
    }

    /// The most bytes that a frame of `count` elements needs.
    static func limit(_ header: LatentFrameHeader, count: Int) -> Int {
        payloadOffset(header) + ZstdPayload.bound(count * (header.coding == .exact ? 4 : 2)) + 4
    }

    private static func payloadOffset(_ header: LatentFrameHeader) -> Int {
        let table = header.coding == .exact ? 0 : Int(header.channelCount) * tableBytesPerChannel
        return LatentFrameHeader.byteCount + fixedBytes + table
    }

    private static func channels(
        in frame: [UInt8], header: LatentFrameHeader, step: Float
    ) throws(LatentCodingError) -> [ChannelQuantizer] {
        guard header.coding == .planes else {
            guard step.bitPattern == 0 else { throw .invalidHeader("step is set though it is exact") }
            return []
        }
        guard step > 0, step.isFinite else {
            throw .invalidHeader("quantizer step \(step) is not a positive number")
        }
        var channels: [ChannelQuantizer] = []
        for channel in 0..<Int(header.channelCount) {
            let entry = LatentFrameHeader.byteCount + fixedBytes + channel * tableBytesPerChannel
            guard
                let quantizer = ChannelQuantizer(
                    offset: Float(bitPattern: frame.littleEndian(at: entry)),
                    scale: Float(bitPattern: frame.littleEndian(at: entry + 4)), step: step)
            else { throw .invalidHeader("scale or offset of channel \(channel) is not a usable number") }
            channels.append(quantizer)
        }
        return channels
    }
}
