/// A file that a manifest vouches for.
public struct ManifestFile: Hashable, Sendable, Codable {
    /// Relative to the manifest's folder, with `/` between its parts.
    public let path: String
    public let bytes: Int
    /// Of the whole file, 64 lower-case hexadecimal digits.
    public let sha256: String

    /// Whether the path leads to a place inside the folder, as written.
    var isInsideFolder: Bool {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        let isPlain = parts.allSatisfy { !$0.isEmpty && $0 != "." && $0 != ".." }
        return isPlain && !path.unicodeScalars.contains { $0 == "\\" || $0.value < 0x20 || $0.value == 0x7F }
    }

    var fault: String? {
        guard bytes > 0 else { return "bytes \(bytes) is not positive" }
        // Sums of several must fit a number, too.
        guard bytes <= 1 << 50 else { return "bytes \(bytes) is more than any file has" }
        let isHexadecimal = sha256.utf8.allSatisfy {
            (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
        }
        return sha256.utf8.count == 64 && isHexadecimal
            ? nil : "sha256 is not 64 lower-case hexadecimal digits"
    }
}
