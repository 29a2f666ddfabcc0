import Foundation

/// Reads the golden files beside the protocol's specification.
enum GoldenFile {
    static func lines(_ name: String) throws -> [Substring] {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let text = try String(contentsOf: root.appending(path: "Protocol/golden/\(name)"), encoding: .utf8)
        return text.split(separator: "\n").filter { !$0.hasPrefix("#") }
    }

    /// The hexadecimal words on both sides of a line's colon.
    static func words(_ line: Substring) -> (left: [Substring], right: [UInt32]) {
        let halves = line.split(separator: ":")
        return (
            halves[0].split(separator: " "),
            halves[1].split(separator: " ").compactMap { UInt32($0, radix: 16) }
        )
    }
}
