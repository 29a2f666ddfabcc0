import EdgeRuntime
import Foundation
import Testing

@Suite struct PromptFileTests {
    private func prompts(_ text: String, firstSeed: UInt64 = 1) throws -> [PromptedSeed] {
        try PromptFile(text: text, path: "list").lines.map { $0.prompted(firstSeed: firstSeed) }
    }

    @Test func linesAreNumberedAsAnEditorShowsThem() throws {
        let text = "\u{FEFF}a mug\r\n\n# a note\n  a bowl \t\n{\"prompt\": \"a jar\", \"seed\": 18446744073709551615}"
        #expect(
            try prompts(text) == [
                PromptedSeed(prompt: "a mug", seed: 1), PromptedSeed(prompt: "a bowl", seed: 4),
                PromptedSeed(prompt: "a jar", seed: .max),
            ])
        #expect(try prompts("a\nb", firstSeed: .max).map(\.seed) == [.max, 0])
    }

    @Test(
        "what is no list of prompts is refused with the line",
        arguments: [
            ("", "no prompt"), ("# only a note\n\n", "no prompt"), ("a mug\n{\"prompt\": 3}", "line 2"),
            ("{\"prompt\": \"a\", \"seed\": -1}", "line 1"), ("{\"seed\": 1}", "line 1"),
        ])
    func refusals(text: String, reason: String) throws {
        let error = try #require(throws: PromptFileError.self) { try PromptFile(text: text, path: "list") }
        #expect(error.code == .damaged && error.description.contains(reason), "\(error)")
    }

    @Test func filesAreText() throws {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: file) }
        let missing = try #require(throws: PromptFileError.self) { try PromptFile(path: file.path) }
        #expect(missing.code == .unreadable)
        try Data([0x61, 0xFF, 0x0A]).write(to: file)
        let binary = try #require(throws: PromptFileError.self) { try PromptFile(path: file.path) }
        #expect(binary.code == .damaged && binary.description.contains("UTF-8"))
    }
}
