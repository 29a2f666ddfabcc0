import Models
import Testing

@Suite struct VocabularyTests {
    @Test func wordsKeepTheirPositions() throws {
        let vocabulary = try VocabularyFile(words: ["mug", "red"], maximumTokenCount: 5).vocabulary()
        #expect(vocabulary.words == ["<pad>", "<unknown>", "mug", "red"])
        #expect(vocabulary.maximumTokenCount == 5)
    }

    @Test(arguments: [
        #"{"format":1,"maximumTokenCount":24,"words":["mug","red"]}"#,
        #"{"format":1,"maximumTokenCount":24,"words":["<pad>"]}"#,
        #"{"format":1,"maximumTokenCount":24,"words":["<pad>","<unknown>","mug","mug"]}"#,
        #"{"format":1,"maximumTokenCount":24,"words":["<pad>","<unknown>",""]}"#,
        #"{"format":1,"maximumTokenCount":24,"words":["<pad>","<unknown>","Mug"]}"#,
        #"{"format":1,"maximumTokenCount":24,"words":["<pad>","<unknown>",7]}"#,
        #"{"format":1,"maximumTokenCount":0,"words":["<pad>","<unknown>","mug"]}"#,
        #"{"format":1,"maximumTokenCount":-9223372036854775808,"words":["<pad>","<unknown>","mug"]}"#,
        #"{"format":1,"maximumTokenCount":1e400,"words":["<pad>","<unknown>","mug"]}"#,
        #"{"format":1,"words":["<pad>","<unknown>","mug"]}"#, #"{"format":"1"}"#, "[]", "", "{", "null",
    ])
    func whatIsNoVocabularyIsMalformed(json: String) {
        #expect { try Vocabulary(parsing: Array(json.utf8), file: "v.json") } throws: { error in
            guard case ModelError.malformed("v.json", _) = error else { return false }
            return true
        }
    }

    @Test func anotherFormatIsNamedBeforeAnythingElseIsRead() {
        #expect(throws: ModelError.unsupportedFormat(file: "v.json", found: 2, supported: 1)) {
            try Vocabulary(parsing: Array(#"{"format":2,"tokens":{}}"#.utf8), file: "v.json")
        }
    }
}
