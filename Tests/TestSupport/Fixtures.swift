public import Tensors

/// Files under `Tests/Fixtures`.
public enum Fixtures {
    /// Where they are, next to this target's sources.
    public static let directory: String = {
        let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(2)
        return parts.joined(separator: "/") + "/Fixtures"
    }()

    /// Opens `name`.safetensors.
    ///
    /// - Throws: `SafetensorsError` if it is missing or damaged.
    public static func load(_ name: String) throws -> SafetensorsFile {
        try SafetensorsFile(path: "\(directory)/\(name).safetensors")
    }
}
