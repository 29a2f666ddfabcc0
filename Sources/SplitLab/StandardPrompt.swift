import BaseDirectories
import Foundation
import Models

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

    /// The file that comes with the project: in the current folder, or in the checkout that the program was built in.
    public static var usualFile: String {
        let path = "Benchmarks/prompts.jsonl"
        let isHere = FileManager.default.fileExists(atPath: path)
        return isHere ? path : ModelStore.checkout.map { "\($0)/\(path)" } ?? path
    }

    /// The first prompts of a file.
    ///
    /// - Throws: `LabError.damagedFile`, with the line, and if there are fewer.
    public static func read(_ path: String, count: Int) throws(LabError) -> [StandardPrompt] {
        let text: String
        do {
            text = try String(contentsOf: URL(fileURLWithPath: path), encoding: .utf8)
        } catch {
            throw .damagedFile(path: path, reason: "\(error.reason); name a file of prompts")
        }
        var prompts: [StandardPrompt] = []
        for (index, line) in text.split(separator: "\n").prefix(count).enumerated() {
            guard let prompt = try? JSONDecoder().decode(StandardPrompt.self, from: Data(line.utf8)) else {
                throw .damagedFile(path: path, reason: "line \(index + 1) is no prompt with seed and fields")
            }
            prompts.append(prompt)
        }
        guard prompts.count == count, count > 0 else {
            throw .damagedFile(path: path, reason: "\(count) prompts are wanted and it has \(prompts.count)")
        }
        return prompts
    }
}
