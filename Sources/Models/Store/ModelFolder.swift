/// A folder with a model: its manifest, read, and its files, checked when they are asked for.
public struct ModelFolder: Hashable, Sendable {
    public let path: String
    public let manifest: ModelManifest

    static let manifestName = "manifest.json"
    /// No manifest is larger; what is, is something else.
    private static let maximumManifestBytes = 1 << 20

    /// Reads the manifest in a folder.
    ///
    /// - Throws: `ModelError.missingFile`, `.unreadable`, or what is wrong with the manifest.
    public init(path: String) throws(ModelError) {
        let file = try CheckedFile(
            path: path + "/" + Self.manifestName, maximumBytes: Self.maximumManifestBytes)
        self.path = path
        self.manifest = try ModelManifest(parsing: [UInt8](file.bytes), file: file.path)
    }

    public var manifestPath: String { path + "/" + Self.manifestName }

    /// A file that the manifest vouches for, after its size and then its SHA-256 were compared.
    ///
    /// - Parameter name: a key of the manifest's `files`.
    /// - Throws: `ModelError.missingFile`, `.unreadable`, `.truncated`, `.tampered` or `.malformed`.
    func checkedFile(_ name: String) throws(ModelError) -> CheckedFile {
        guard let entry = manifest.files[name] else {
            throw .malformed(file: manifestPath, reason: "'files.\(name)' is missing")
        }
        return try CheckedFile(path: path + "/" + entry.path, expecting: entry)
    }
}
