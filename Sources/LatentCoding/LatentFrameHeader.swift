import Diffusion

/// The fields that every latent frame begins with (Protocol/latent-frame.md), little-endian.
struct LatentFrameHeader {
    static let magic: [UInt8] = Array("UPLF".utf8)
    /// What is written. Version 1, without the pyramid, is read as well: hand-offs on disk may be of it.
    static let version = 2
    static let readableVersions = 1...version
    static let byteCount = 12

    enum Coding: UInt8 {
        case exact = 0
        case planes = 1
        case pyramid = 2

        /// The first version that has it.
        var firstVersion: Int { self == .pyramid ? 2 : 1 }
    }

    let coding: Coding
    let height: UInt16
    let width: UInt16
    let channelCount: UInt16

    /// Nil if the extents do not fit their fields.
    init?(coding: Coding, shape: LatentShape) {
        guard let height = UInt16(exactly: shape.height), let width = UInt16(exactly: shape.width),
            let channelCount = UInt16(exactly: shape.channelCount)
        else { return nil }
        self.coding = coding
        self.height = height
        self.width = width
        self.channelCount = channelCount
    }

    /// Reads the head of `bytes`; looks at nothing behind it.
    init(_ bytes: [UInt8]) throws(LatentCodingError) {
        guard bytes.starts(with: Self.magic.prefix(bytes.count)), !bytes.isEmpty else { throw .notALatentFrame }
        guard bytes.count >= Self.byteCount else {
            throw .wrongLength(expected: Self.byteCount, got: bytes.count)
        }
        let version = Int(bytes[4])
        guard Self.readableVersions.contains(version) else { throw .unsupportedVersion(version) }
        guard let coding = Coding(rawValue: bytes[5]), coding.firstVersion <= version else {
            throw .invalidHeader("coding \(bytes[5]) is unknown")
        }
        self.coding = coding
        self.height = bytes.littleEndian(at: 6)
        self.width = bytes.littleEndian(at: 8)
        self.channelCount = bytes.littleEndian(at: 10)
    }

    var bytes: [UInt8] {
        var bytes = Self.magic + [UInt8(Self.version), coding.rawValue]
        bytes.appendLittleEndian(height)
        bytes.appendLittleEndian(width)
        bytes.appendLittleEndian(channelCount)
        return bytes
    }

    func matches(_ shape: LatentShape) -> Bool {
        Int(height) == shape.height && Int(width) == shape.width && Int(channelCount) == shape.channelCount
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
