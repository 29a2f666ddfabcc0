import Models
import TestSupport
import Testing

@Suite struct TokenizerTests {
    /// Ids: pad 0, unknown 1, a 2, red 3, mug 4, on 5, table 6, k 7, 3 8.
    private static let words = ["a", "red", "mug", "on", "table", "k", "3"]

    private func tokenizer(tokenCount: Int = 24) throws -> Tokenizer {
        Tokenizer(try VocabularyFile(words: Self.words, maximumTokenCount: tokenCount).vocabulary())
    }

    private func padded(_ ids: Int32...) -> [Int32] {
        ids + [Int32](repeating: 0, count: 24 - ids.count)
    }

    @Test(arguments: [
        "a red mug on a table", "A RED MUG ON A TABLE", "  a\tred\nmug,on;a.table!  ", "a-red/mug_on(a)table",
        "a “red” mug — on a table…",
    ])
    func casePunctuationAndSpaceDoNotMatter(prompt: String) throws {
        let tokens = try tokenizer().encode(prompt)
        #expect(tokens.ids == padded(2, 3, 4, 5, 2, 6))
        #expect(tokens.unknownWords == [])
        #expect(!tokens.wasCut)
    }

    @Test(arguments: ["", " ", "...", "\u{0}\u{1}\u{FFFF}", "🫖 ☕️", "—"])
    func aPromptWithoutWordsIsTheUnconditionalOne(prompt: String) throws {
        let tokenizer = try tokenizer()
        let tokens = tokenizer.encode(prompt)
        #expect(tokens == tokenizer.unconditional)
        #expect(tokens.isUnconditional)
        #expect(tokens.ids == padded())
    }

    @Test func unknownWordsAreLeftOutAndNamedOnceAsWritten() throws {
        let tokens = try tokenizer().encode("a Ceramic red Ceramic mug, naïve table")
        #expect(tokens.ids == padded(2, 3, 4, 6))
        #expect(tokens.unknownWords == ["Ceramic", "naïve"])
    }

    @Test func wordsOfOtherScriptsAreNamedToo() throws {
        let tokens = try tokenizer().encode("红色 mug κούπα")
        #expect(tokens.ids == padded(4))
        #expect(tokens.unknownWords == ["红色", "κούπα"])
    }

    @Test func specialWordsCannotBeWritten() throws {
        let tokens = try tokenizer().encode("<pad> <unknown> mug")
        #expect(tokens.ids == padded(4))
        #expect(tokens.unknownWords == ["pad", "unknown"])
    }

    @Test func lettersWhoseLowerCaseIsPlainCountAsPython() throws {
        // U+212A is the Kelvin sign; in Python "\u212a".lower() == "k".
        #expect(try tokenizer().encode("\u{212A} 3").ids == padded(7, 8))
    }

    @Test func exactlyAsManyWordsAsThereIsRoomForAreNotCut() throws {
        let full = try tokenizer().encode(Array(repeating: "red", count: 24).joined(separator: " "))
        #expect(full.ids == [Int32](repeating: 3, count: 24))
        #expect(!full.wasCut)
        let over = try tokenizer().encode(Array(repeating: "red", count: 24).joined(separator: " ") + " mug")
        #expect(over.ids == full.ids)
        #expect(over.wasCut)
    }

    @Test func tenThousandWordsAreCutAndReportedOnceEach() throws {
        let prompt = (0..<10_000).map { $0.isMultiple(of: 2) ? "mug" : "w\($0)" }.joined(separator: " ")
        let tokens = try tokenizer().encode(prompt)
        #expect(tokens.ids == [Int32](repeating: 4, count: 24))
        #expect(tokens.wasCut)
        #expect(tokens.unknownWords.count == 5_000)
    }

    @Test func anyUnicodeGivesIdsOfTheVocabulary() throws {
        let tokenizer = try tokenizer()
        var random = SeededGenerator(seed: 11)
        for _ in 0..<2_000 {
            var prompt = String.UnicodeScalarView()
            for _ in 0..<Int(random.next() % 80) {
                // Half plain, half anything: surrogates do not make a scalar.
                let limit: UInt64 = random.next().isMultiple(of: 2) ? 0x80 : 0x11_0000
                if let scalar = Unicode.Scalar(UInt32(random.next() % limit)) { prompt.append(scalar) }
            }
            let tokens = tokenizer.encode(String(prompt))
            #expect(tokens.ids.count == 24)
            #expect(tokens.ids.allSatisfy { $0 == 0 || (2..<9).contains($0) })
        }
    }
}
