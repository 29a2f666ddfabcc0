/// Words taken apart into planes of equal significance, lowest first: zstd sees like beside like.
enum BytePlanes {
    static func split<Word: FixedWidthInteger & UnsignedInteger>(_ words: [Word]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(words.count * Word.bitWidth / 8)
        for shift in stride(from: 0, to: Word.bitWidth, by: 8) {
            bytes.append(contentsOf: words.lazy.map { UInt8(truncatingIfNeeded: $0 >> Word(shift)) })
        }
        return bytes
    }

    /// - Precondition: `bytes` holds whole words.
    static func join<Word: FixedWidthInteger & UnsignedInteger>(_ bytes: [UInt8], as: Word.Type) -> [Word] {
        let planeCount = Word.bitWidth / 8
        precondition(bytes.count % planeCount == 0, "\(bytes.count) bytes are no words of \(planeCount)")
        let count = bytes.count / planeCount
        var words = [Word](repeating: 0, count: count)
        for plane in 0..<planeCount {
            for i in 0..<count {
                words[i] |= Word(bytes[plane * count + i]) << Word(8 * plane)
            }
        }
        return words
    }
}
