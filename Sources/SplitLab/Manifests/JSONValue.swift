import Foundation

/// A JSON value, to be written as Python's `json.dumps(indent=2, sort_keys=True)` does.
enum JSONValue: Decodable {
    case object([String: JSONValue])
    case array([JSONValue])
    case string(String)
    case integer(Int)
    case number(Double)

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let value = try? container.decode([String: JSONValue].self) {
            self = .object(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .array(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode(Int.self) {
            self = .integer(value)
        } else {
            self = .number(try container.decode(Double.self))
        }
    }

    func text(indent: Int) -> String {
        let inner = String(repeating: " ", count: indent + 2)
        let outer = String(repeating: " ", count: indent)
        switch self {
        case .object(let members):
            let lines = members.sorted { $0.key < $1.key }.map { key, value in
                inner + quoted(key) + ": " + value.text(indent: indent + 2)
            }
            return lines.isEmpty ? "{}" : "{\n" + lines.joined(separator: ",\n") + "\n" + outer + "}"
        case .array(let elements):
            let lines = elements.map { inner + $0.text(indent: indent + 2) }
            return lines.isEmpty ? "[]" : "[\n" + lines.joined(separator: ",\n") + "\n" + outer + "]"
        case .string(let text): return quoted(text)
        case .integer(let value): return "\(value)"
        case .number(let value): return "\(value)"
        }
    }

    /// Names here are plain: fields, rules and digests.
    private func quoted(_ text: String) -> String {
        "\"" + text.replacingOccurrences(of: "\\", with: "\\\\").replacingOccurrences(of: "\"", with: "\\\"") + "\""
    }
}
