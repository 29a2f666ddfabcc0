import BaseDirectories
public import Foundation

/// A folder of small files with what was measured once: this machine's speed, the ways to verifiers.
///
/// Everything in it can be measured again, so a file that is missing, damaged or of another version is none, and a
/// folder that cannot be written costs only time. Each file is written whole or not at all.
public struct PlanningCache: Hashable, Sendable {
    public let folder: URL

    /// The version of the files; those of another one are measured again.
    private static let format = 2
    /// For so long a measurement holds: it may have been taken on a busy machine, and machines change.
    public static let holdsFor = 7.0 * 86_400

    public init(folder: URL) {
        self.folder = folder
    }

    /// The user's: `$XDG_CACHE_HOME/underpaint/planning`.
    public static func standard(environment: [String: String]) -> PlanningCache {
        PlanningCache(folder: BaseDirectory.cache.ours("planning", environment: environment))
    }

    private struct Entry<Value: Codable>: Codable {
        var format: Int
        /// What the value belongs to, in full: the file's name is only a hash of it.
        var key: String
        /// When it was measured, seconds since 1970; later pictures may have changed it a little since.
        var measuredAt: Double
        var value: Value
    }

    /// What is kept under a key; nil if there is nothing that can be read, or that was measured too long ago.
    func value<Value: Codable>(_ kind: String, key: String, as type: Value.Type) -> Value? {
        guard let contents = FileManager.default.contents(atPath: file(kind, key).path),
            let entry = try? JSONDecoder().decode(Entry<Value>.self, from: contents),
            entry.format == PlanningCache.format, entry.key == key,
            (0...PlanningCache.holdsFor).contains(Date().timeIntervalSince1970 - entry.measuredAt)
        else { return nil }
        return entry.value
    }

    /// When what is kept under a key was measured; nil if nothing is.
    private func measurement(_ file: URL) -> Double? {
        struct Stamp: Decodable { let measuredAt: Double }
        return FileManager.default.contents(atPath: file.path).flatMap {
            try? JSONDecoder().decode(Stamp.self, from: $0).measuredAt
        }
    }

    /// Keeps a value under a key.
    ///
    /// - Parameter isNew: whether it was measured now, and does not only follow what was.
    /// - Returns: whether it could be written.
    @discardableResult
    func keep<Value: Codable>(_ value: Value, _ kind: String, key: String, isNew: Bool = true) -> Bool {
        do {
            try BaseDirectory.make(folder)
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            let (file, now) = (file(kind, key), Date().timeIntervalSince1970)
            let entry = Entry(
                format: PlanningCache.format, key: key, measuredAt: isNew ? now : measurement(file) ?? now, value: value
            )
            try encoder.encode(entry).write(to: file, options: .atomic)
            return true
        } catch {
            return false
        }
    }

    /// The file of a key: keys hold slashes and more, so the name is their FNV-1a hash.
    func file(_ kind: String, _ key: String) -> URL {
        folder.appendingPathComponent("\(kind)-\(String(fnv1a(Array(key.utf8)), radix: 16)).json")
    }
}
