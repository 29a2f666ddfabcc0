/// What follows the header in a frame of a pyramid: quantizer steps and range-coded bytes up to the checksum.
enum PyramidBody {
    static func bytes(_ quanta: PyramidQuanta, payload: [UInt8]) -> [UInt8] {
        let tilts = stride(from: 0, to: quanta.tilts.count, by: 2).map { channel in
            quanta.tilts[channel] | (channel + 1 < quanta.tilts.count ? quanta.tilts[channel + 1] << 4 : 0)
        }
        return [UInt8(bitPattern: Int8(quanta.baseRung))] + tilts + payload
    }

    /// The quantizer steps of a frame that is at least `minimumFrameBytes` long.
    static func quanta(
        in frame: [UInt8], header: LatentFrameHeader
    ) throws(LatentCodingError) -> PyramidQuanta {
        let first = LatentFrameHeader.byteCount
        let channelCount = Int(header.channelCount)
        let tilts = (0..<channelCount).map { channel in
            frame[first + 1 + channel / 2] >> (channel % 2 == 0 ? 0 : 4) & PyramidQuanta.maximumTilt
        }
        guard channelCount % 2 == 0 || frame[first + 1 + channelCount / 2] >> 4 == 0 else {
            throw .invalidHeader("tilt of a channel that does not exist is set")
        }
        return PyramidQuanta(baseRung: Int(Int8(bitPattern: frame[first])), tilts: tilts)
    }

    static func payloadOffset(_ header: LatentFrameHeader) -> Int {
        LatentFrameHeader.byteCount + 1 + (Int(header.channelCount) + 1) / 2
    }

    /// The bytes of a frame without payload, the checksum included.
    static func minimumFrameBytes(_ header: LatentFrameHeader) -> Int { payloadOffset(header) + 4 }

    /// The most bytes that a frame of `count` elements needs: each has at most 64 decisions, and none costs more
    /// than 12 bits.
    static func limit(_ header: LatentFrameHeader, count: Int) -> Int {
        minimumFrameBytes(header) + count * 96 + 4
    }
}
