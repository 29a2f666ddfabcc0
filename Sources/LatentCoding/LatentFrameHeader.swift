import Diffusion

/// The fixed fields at the head of a latent frame (Protocol/latent-frame.md), little-endian.
struct LatentFrameHeader {
    static let magic: [UInt8] = Array("UPLF".utf8)
    static let version = 1
    static let byteCount = 20

    enum Coding: UInt8 {
        case exact = 0
        case quantized = 1

        /// Bytes of a payload's content for each element.
        var bytesPerElement: Int { self == .exact ? 4 : 2 }
        /// Bytes of the channel table for each channel.
        var bytesPerChannel: Int { self == .exact ? 0 : 8 }
    }

    let coding: Coding
    let height: UInt16
    let width: UInt16
    let channelCount: UInt16
    /// The quantizer step in standard deviations; 0 in an exact frame.
    let step: Float
    let payloadBytes: UInt32

    /// Where the payload begins.
    var payloadOffset: Int { Self.byteCount + Int(channelCount) * coding.bytesPerChannel }
    /// The whole frame, the checksum included.
    var frameBytes: Int { payloadOffset + Int(payloadBytes) + 4 }

    /// Nil if the extents do not fit their fields.
    init?(coding: Coding, shape: LatentShape, step: Float, payloadBytes: Int) {
        guard let height = UInt16(exactly: shape.height), let width = UInt16(exactly: shape.width),
            let channelCount = UInt16(exactly: shape.channelCount),
            let payloadBytes = UInt32(exactly: payloadBytes)
        else { return nil }
        self.coding = coding
        self.height = height
        self.width = width
        self.channelCount = channelCount
        self.step = step
        self.payloadBytes = payloadBytes
    }

    /// Reads the head of `bytes`; looks at nothing behind it.
    init(_ bytes: [UInt8]) throws(LatentCodingError) {
        guard bytes.starts(with: Self.magic.prefix(bytes.count)), !bytes.isEmpty else { throw .notALatentFrame }
        guard bytes.count >= Self.byteCount else {
            throw .wrongLength(expected: Self.byteCount, got: bytes.count)
        }
        guard bytes[4] == Self.version else { throw .unsupportedVersion(Int(bytes[4])) }
        guard let coding = Coding(rawValue: bytes[5]) else {
            throw .invalidHeader("coding \(bytes[5]) is unknown")
        }
        self.coding = coding
        self.height = bytes.littleEndian(at: 6)
        self.width = bytes.littleEndian(at: 8)
        self.channelCount = bytes.littleEndian(at: 10)
        self.step = Float(bitPattern: bytes.littleEndian(at: 12))
        self.payloadBytes = bytes.littleEndian(at: 16)
    }

    var bytes: [UInt8] {
        var bytes = Self.magic + [UInt8(Self.version), coding.rawValue]
        bytes.appendLittleEndian(height)
        bytes.appendLittleEndian(width)
        bytes.appendLittleEndian(channelCount)
        bytes.appendLittleEndian(step.bitPattern)
        bytes.appendLittleEndian(payloadBytes)
        return bytes
    }
}

extension [UInt8] {
    mutating func appendLittleEndian<Word: FixedWidthInteger>(_ word: Word) {
        for shift in stride(from: 0, to: Word.bitWidth, by: 8) {
            append(UInt8(truncatingIfNeeded: word >> Word(shift)))
        }
    }

    /// - Precondition: the word lies inside the array.
    func littleEndian<Word: FixedWidthInteger>(at offset: Int) -> Word {
        self[offset..<offset + Word.bitWidth / 8].reversed().reduce(0) { $0 << 8 | Word($1) }
    }
}
