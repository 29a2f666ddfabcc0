public import Foundation

/// A prompt of Benchmarks/prompts.jsonl with its seed.
public struct StandardPrompt: Hashable, Sendable, Codable {
    public let prompt: String
    public let seed: UInt64

    public init(prompt: String, seed: UInt64) {
        self.prompt = prompt
        self.seed = seed
    }

    /// The first `count` prompts of a file.
    ///
    /// - Throws: `CodingLabError.prompts`.
    public static func first(_ count: Int, in file: URL) throws(CodingLabError) -> [StandardPrompt] {
        let text: String
        do {
            text = try String(contentsOf: file, encoding: .utf8)
        } catch {
            throw .prompts(file: file.path, reason: "it cannot be read")
        }
        var prompts: [StandardPrompt] = []
        for (index, line) in text.split(separator: "\n").prefix(count).enumerated() {
            guard let prompt = try? JSONDecoder().decode(StandardPrompt.self, from: Data(line.utf8)) else {
                throw .prompts(file: file.path, reason: "line \(index + 1) is no prompt")
            }
            prompts.append(prompt)
        }
        guard prompts.count == count else {
            throw .prompts(file: file.path, reason: "it has \(prompts.count) prompts where \(count) are wanted")
        }
        return prompts
    }
}
