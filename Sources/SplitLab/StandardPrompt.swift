import Foundation

/// A line of `Benchmarks/prompts.jsonl`: a prompt and the exact fields that it asks for.
public struct StandardPrompt: Hashable, Sendable, Codable {
    public let prompt: String
    public let seed: UInt64
    /// Object, material, colour, surface, light, angle, composition; nil where the material fixes the colour. Numbers and
    /// flags (how many there are, whether they are restricted) in words.
    public let fields: [String: String?]

    public init(prompt: String, seed: UInt64, fields: [String: String?]) {
        self.prompt = prompt
        self.seed = seed
        self.fields = fields
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        prompt = try container.decode(String.self, forKey: .prompt)
        seed = try container.decode(UInt64.self, forKey: .seed)
        fields = try container.decode([String: FieldValue].self, forKey: .fields).mapValues(\.text)
    }

    /// A JSON string, number, flag or null.
    private struct FieldValue: Decodable {
        let text: String?

        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            if value.decodeNil() {
                text = nil
            } else if let word = try? value.decode(String.self) {
                text = word
            } else if let flag = try? value.decode(Bool.self) {
                text = String(flag)
            } else {
                text = String(try value.decode(Int.self))
            }
        }
    }

    /// The value of a field, nil if there is none.
    func field(_ name: String) -> String? { fields[name] ?? nil }

    /// The first prompts of a file.
    ///
    /// - Throws: `LabError.damagedFile`, with the line, and if there are fewer.
    public static func read(_ path: String, count: Int) throws(LabError) -> [StandardPrompt] {
        let prompts = try lines(of: path, limit: count) { line, number throws(LabError) in
            guard let prompt = try? JSONDecoder().decode(StandardPrompt.self, from: Data(line.utf8)) else {
                throw .damagedFile(path: path, reason: "line \(number) is no prompt with seed and fields")
            }
            return prompt
        }
        guard prompts.count == count, count > 0 else {
            throw .damagedFile(path: path, reason: "\(count) prompts are wanted and it has \(prompts.count)")
        }
        return prompts
    }

    /// The prompts and seeds of a file that may also be plain text, a prompt a line; a line's number is the seed that it
    /// does not name.
    ///
    /// - Throws: `LabError.damagedFile`, with the line, and if there is none.
    public static func promptedSeeds(_ path: String) throws(LabError) -> [PromptedSeed] {
        struct Line: Decodable {
            var prompt: String
            var seed: UInt64?
        }
        let prompts = try lines(of: path, limit: .max) { line, number throws(LabError) in
            guard line.hasPrefix("{") else { return PromptedSeed(prompt: String(line), seed: UInt64(number)) }
            guard let parsed = try? JSONDecoder().decode(Line.self, from: Data(line.utf8)) else {
                throw .damagedFile(path: path, reason: "line \(number) has no prompt")
            }
            return PromptedSeed(prompt: parsed.prompt, seed: parsed.seed ?? UInt64(number))
        }
        guard !prompts.isEmpty else { throw .damagedFile(path: path, reason: "it has no prompt") }
        return prompts
    }

    private static func lines<Value>(
        of path: String, limit: Int, _ value: (Substring, Int) throws(LabError) -> Value
    ) throws(LabError) -> [Value] {
        let text: String
        do {
            text = try String(contentsOf: URL(fileURLWithPath: path), encoding: .utf8)
        } catch {
            throw .damagedFile(path: path, reason: "\(error.localizedDescription); name a file of prompts")
        }
        var values: [Value] = []
        for (index, line) in text.split(separator: "\n").prefix(limit).enumerated() {
            values.append(try value(line, index + 1))
        }
        return values
    }
}
