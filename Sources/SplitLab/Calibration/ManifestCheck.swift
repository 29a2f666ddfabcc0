import Foundation
import Models
public import Speculation

/// Writes the `check` section into a manifest and leaves every other byte as it is.
public enum ManifestCheck {
    /// Replaces or adds the section in a file, whole or not at all.
    ///
    /// - Throws: `LabError`; `ModelError` if the result were no manifest.
    public static func write(_ calibration: CheckCalibration, to path: String) throws {
        let url = URL(fileURLWithPath: path)
        let old: [UInt8]
        do {
            old = [UInt8](try Data(contentsOf: url))
        } catch {
            throw LabError.damagedFile(path: path, reason: error.localizedDescription)
        }
        guard let new = try inserting(calibration, into: old) else {
            throw LabError.damagedFile(path: path, reason: "it is no JSON object")
        }
        _ = try ModelManifest(parsing: new, file: path)
        do {
            try Data(new).write(to: url, options: .atomic)
        } catch {
            throw LabError.notWritable(path: path, reason: error.localizedDescription)
        }
    }

    /// The manifest's bytes with the section in them; nil if they are no JSON object.
    ///
    /// The exporter sorts keys and indents by two (`json.dumps(indent=2, sort_keys=True)`), and so does this: an export
    /// that had the section from the start would be the same file.
    static func inserting(_ calibration: CheckCalibration, into old: [UInt8]) throws -> [UInt8]? {
        guard let members = TopLevelMembers(old) else { return nil }
        let section = Array("\"check\": ".utf8) + (try text(of: calibration))
        if let member = members.all.first(where: { $0.name == "check" }) {
            return Array(old[..<member.range.lowerBound]) + section + Array(old[member.range.upperBound...])
        }
        if let next = members.all.first(where: { $0.name > "check" }) {
            return Array(old[..<next.range.lowerBound]) + section + Array(",\n  ".utf8)
                + Array(old[next.range.lowerBound...])
        }
        guard let last = members.all.last else { return nil }
        return Array(old[..<last.range.upperBound]) + Array(",\n  ".utf8) + section
            + Array(old[last.range.upperBound...])
    }

    /// The section as the exporter would write it at its place.
    private static func text(of calibration: CheckCalibration) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let value = try JSONDecoder().decode(JSONValue.self, from: try encoder.encode(calibration.rounded))
        return Array(value.text(indent: 2).utf8)
    }
}

extension CheckCalibration {
    /// With as many digits as a measurement has.
    fileprivate var rounded: CheckCalibration {
        func round(_ value: Double) -> Double { (value * 1e6).rounded() / 1e6 }
        func round(_ table: QuantileTable) -> QuantileTable {
            QuantileTable(values: table.values.map(round)) ?? table
        }
        var result = self
        result.prompt = Prompt(
            times: prompt.times, null: round(prompt.null), draft: round(prompt.draft),
            draftFaults: prompt.draftFaults.mapValues(round), verifierFaults: prompt.verifierFaults.mapValues(round))
        result.levels = levels.map {
            Level(
                time: round($0.time), null: round($0.null), draft: round($0.draft), noiseFaults: round($0.noiseFaults))
        }
        return result
    }
}

/// Where the members of a JSON object stand in its bytes.
struct TopLevelMembers {
    struct Member {
        let name: String
        /// From the first quote of the name to the last byte of the value.
        let range: Range<Int>
    }

    private(set) var all: [Member] = []

    /// Nil unless the bytes are a JSON object.
    init?(_ bytes: [UInt8]) {
        guard let value = try? JSONSerialization.jsonObject(with: Data(bytes)), value is [String: Any] else {
            return nil
        }
        // The bytes are JSON, so quotes, braces and brackets pair.
        var (depth, start, name) = (0, 0, [UInt8]())
        var (isString, isEscaped, isName, lastOfValue) = (false, false, true, 0)
        func member(upTo end: Int) -> Member {
            Member(name: String(decoding: name, as: UTF8.self), range: start..<end)
        }
        for (index, byte) in bytes.enumerated() {
            if isString {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isString = false
                    lastOfValue = index + 1
                }
                if isString, depth == 1, isName { name.append(byte) }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""):
                isString = true
                if depth == 1, isName { (start, name) = (index, []) }
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                if depth == 0, !name.isEmpty { all.append(member(upTo: lastOfValue)) }
                lastOfValue = index + 1
            case UInt8(ascii: ":"):
                if depth == 1 { isName = false }
            case UInt8(ascii: ","):
                if depth == 1 {
                    all.append(member(upTo: lastOfValue))
                    isName = true
                }
            case 0x20, 0x09, 0x0A, 0x0D:
                break
            default:
                lastOfValue = index + 1
            }
        }
    }
}

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
