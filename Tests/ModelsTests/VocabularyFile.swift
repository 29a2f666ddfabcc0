import Foundation
import Models

/// A `vocabulary.json` to be.
struct VocabularyFile {
    /// The ordinary words.
    var words: [String]
    var maximumTokenCount: Int

    var bytes: [UInt8] {
        let all = (["<pad>", "<unknown>"] + words).map { "\"\($0)\"" }.joined(separator: ",")
        return Array(#"{"format":1,"maximumTokenCount":\#(maximumTokenCount),"words":[\#(all)]}"#.utf8)
    }

    func vocabulary() throws -> Vocabulary {
        try Vocabulary(parsing: bytes, file: "vocabulary.json")
    }
}
