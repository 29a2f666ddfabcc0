import Foundation

/// What the codings of the latent cost and what they do to the picture.
public struct CodingReport: Hashable, Sendable, Codable {
    /// One way to code a hand-off.
    public struct Row: Hashable, Sendable, Codable {
        public let group: String
        public let name: String
        /// Mean of the whole frame, header and checksum included.
        public let bytes: Double
        public let bitsPerElement: Double
        /// Of the final picture against that of the unquantized hand-off, mean and smallest of the compared pictures; nil
        /// where no picture is compared, infinite pictures (no pixel differs) counted as 99 dB.
        public let psnr: Double?
        public let lowestPSNR: Double?
        /// Medians, for whole frames made by `LatentCodec`.
        public let encodeMicroseconds: Double?
        public let decodeMicroseconds: Double?
    }

    public let pair: String
    public let handoffCount: Int
    public let pictureCount: Int
    public let elementCount: Int
    public let rows: [Row]

    public func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }

    /// One table a group.
    public var markdown: String {
        var text = "\(handoffCount) hand-offs of \(pair); PSNR over the first \(pictureCount)\n"
        var group: String?
        for row in rows {
            if row.group != group {
                group = row.group
                text += "\n| \(row.group) | bits an element | bytes | PSNR, dB | lowest | encode, µs | decode, µs |\n"
                text += "|---|---|---|---|---|---|---|\n"
            }
            let cells = [
                row.name, Self.text(row.bitsPerElement, 3), Self.text(row.bytes, 0), Self.text(row.psnr, 1),
                Self.text(row.lowestPSNR, 1), Self.text(row.encodeMicroseconds, 0),
                Self.text(row.decodeMicroseconds, 0),
            ]
            text += "| " + cells.joined(separator: " | ") + " |\n"
        }
        return text
    }

    private static func text(_ value: Double?, _ decimals: Int) -> String {
        value.map { String(format: "%.\(decimals)f", $0) } ?? ""
    }
}
