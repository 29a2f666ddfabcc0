import Foundation

/// A line of `Benchmarks/prompts.jsonl`: a prompt and the exact fields that it asks for.
public struct StandardPrompt: Hashable, Sendable, Codable {
    public let prompt: String
    public let seed: UInt64
    /// Object, material, colour, surface, light, angle, composition; nil where the material fixes the colour.
    public let fields: [String: String?]

    public init(prompt: String, seed: UInt64, fields: [String: String?]) {
        self.prompt = prompt
        self.seed = seed
        self.fields = fields
    }

    /// The value of a field, nil if there is none.
    func field(_ name: String) -> String? { fields[name] ?? nil }

    /// The first prompts of a file.
    ///
    /// - Throws: `LabError.damagedFile`, with the line, and if there are fewer.
    public static func read(_ path: String, count: Int) throws(LabError) -> [StandardPrompt] {
        let text: String
        do {
            text = try String(contentsOf: URL(fileURLWithPath: path), encoding: .utf8)
        } catch {
            throw .damagedFile(path: path, reason: "\(error.localizedDescription); name it with --prompts")
        }
        var prompts: [StandardPrompt] = []
        for (number, line) in text.split(separator: "\n").prefix(count).enumerated() {
            do {
                prompts.append(try JSONDecoder().decode(StandardPrompt.self, from: Data(line.utf8)))
            } catch {
                throw .damagedFile(path: path, reason: "line \(number + 1) is no prompt with seed and fields")
            }
        }
        guard prompts.count == count, count > 0 else {
            throw .damagedFile(path: path, reason: "\(count) prompts are wanted and it has \(prompts.count)")
        }
        return prompts
    }
}
