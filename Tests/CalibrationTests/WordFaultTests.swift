import Foundation
import Testing

@testable import SplitLab

@Suite struct WordFaultTests {
    private func standard() throws -> [StandardPrompt] {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Benchmarks/prompts.jsonl").path
        return try StandardPrompt.read(path, count: 512)
    }

    @Test func faultsChangeTheirWordsAndLeaveTheOthers() throws {
        let prompts = try standard()
        for fault in WordFault.allCases {
            var count = 0
            for index in prompts.indices {
                guard let text = fault.words(for: index, of: prompts, round: 0) else { continue }
                count += 1
                #expect(text != prompts[index].prompt)
                if fault != .prompt {
                    let (old, new) = (prompts[index].prompt.split(separator: ","), text.split(separator: ","))
                    #expect(old.dropFirst() == new.dropFirst(), "\(prompts[index].prompt) → \(text)")
                }
            }
            // Metals, wood and marble have no colour of their own, and a few prompts leave a word out.
            #expect(count >= (fault == .color ? 200 : 440), "\(fault): \(count)")
        }
        let color = WordFault.color.words(for: 0, of: prompts, round: 0)
        #expect(color?.contains("red") == false && color?.contains("matte novel on a black background") == true)
    }

    @Test func phrasesAreReplacedWholeAndOnce() {
        #expect(
            StudioWords.replacing(["mug", "coffee mug"], in: "a red coffee mug, soft light", with: "vase")
                == "a red vase, soft light")
        #expect(StudioWords.replacing(["cup"], in: "a cupboard", with: "vase") == nil)
        #expect(StudioWords.replacing([], in: "a mug", with: "vase") == nil)
    }

    @Test func filesThatHoldNoPromptsAreNamed() {
        #expect(throws: LabError.self) { try StandardPrompt.read("/nowhere.jsonl", count: 1) }
        #expect(throws: LabError.self) { try StandardPrompt.read(#filePath, count: 1) }
    }
}
