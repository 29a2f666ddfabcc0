import BaseDirectories
import Foundation
import Models

/// A measured section of a manifest, written so that every other byte stays as it is.
enum ManifestSection {
    /// Replaces or adds a section in a file, whole or not at all.
    ///
    /// - Throws: `LabError.damagedFile`, also if the result were no manifest, or `.notWritable`.
    static func write(_ section: some Encodable, named name: String, to path: String) throws(LabError) {
        let url = URL(fileURLWithPath: path)
        let new: [UInt8]
        do {
            guard let bytes = try inserting(section, named: name, into: [UInt8](try Data(contentsOf: url))) else {
                throw LabError.damagedFile(path: path, reason: "it is no JSON object")
            }
            _ = try ModelManifest(parsing: bytes, file: path)
            new = bytes
        } catch let error as LabError {
            throw error
        } catch {
            throw .damagedFile(path: path, reason: "\(error)")
        }
        do {
            try Data(new).write(to: url, options: .atomic)
        } catch {
            throw .notWritable(path: path, reason: error.reason)
        }
    }

    /// The manifest's bytes with the section in them; nil if they are no JSON object.
    ///
    /// The exporter sorts keys and indents by two (`json.dumps(indent=2, sort_keys=True)`), and so does this: an export
    /// that had the section from the start would be the same file.
    static func inserting(_ section: some Encodable, named name: String, into old: [UInt8]) throws -> [UInt8]? {
        guard let members = TopLevelMembers(old) else { return nil }
        let text = Array("\"\(name)\": ".utf8) + (try text(of: section))
        if let member = members.all.first(where: { $0.name == name }) {
            return Array(old[..<member.range.lowerBound]) + text + Array(old[member.range.upperBound...])
        }
        if let next = members.all.first(where: { $0.name > name }) {
            return Array(old[..<next.range.lowerBound]) + text + Array(",\n  ".utf8)
                + Array(old[next.range.lowerBound...])
        }
        guard let last = members.all.last else { return nil }
        return Array(old[..<last.range.upperBound]) + Array(",\n  ".utf8) + text
            + Array(old[last.range.upperBound...])
    }

    /// The section as the exporter would write it at its place.
    private static func text(of section: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let value = try JSONDecoder().decode(JSONValue.self, from: try encoder.encode(section))
        return Array(value.text(indent: 2).utf8)
    }
}
