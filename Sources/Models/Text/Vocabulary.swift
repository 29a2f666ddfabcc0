/// The words that a text encoder was trained with; a word's id is its position.
public struct Vocabulary: Hashable, Sendable {
    public let words: [String]
    /// How many tokens a prompt is cut or padded to.
    public let maximumTokenCount: Int

    /// The words before the ordinary ones; neither can be written in a prompt.
    static let specialWords = ["<pad>", "<unknown>"]
    static let paddingID: Int32 = 0

    /// The version of `vocabulary.json` that this build reads.
    public static let format = 1

    /// Reads `vocabulary.json`.
    ///
    /// - Parameter file: its path, for the error.
    /// - Throws: `ModelError.unsupportedFormat` or `.malformed`.
    public init(parsing bytes: [UInt8], file: String) throws(ModelError) {
        let contents: Contents = try StrictJSON.decode(bytes, format: Self.format, file: file)
        if let fault = Self.fault(contents) {
            throw .malformed(file: file, reason: fault)
        }
        self.words = contents.words
        self.maximumTokenCount = contents.maximumTokenCount
    }

    private struct Contents: Decodable {
        let maximumTokenCount: Int
        let words: [String]
    }

    private static func fault(_ contents: Contents) -> String? {
        if let fault = Bounds.fault(
            ("maximumTokenCount", contents.maximumTokenCount, Bounds.tokenCounts),
            ("the number of words", contents.words.count, Bounds.vocabularySizes))
        {
            return fault
        }
        guard contents.words.starts(with: specialWords) else {
            return "the first words are not \(specialWords.joined(separator: ", "))"
        }
        var seen: Set<String> = []
        for word in contents.words.dropFirst(specialWords.count) {
            guard !word.isEmpty, word.utf8.allSatisfy(isPlain) else {
                return "'\(word)' is not made of a–z and 0–9 alone"
            }
            guard seen.insert(word).inserted else { return "'\(word)' is there twice" }
        }
        return nil
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
