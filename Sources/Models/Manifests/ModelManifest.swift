/// What a model folder's `manifest.json` says.
public struct ModelManifest: Hashable, Sendable {
    /// The version of `manifest.json` that this build reads.
    public static let format = 1
    /// The model family that this build can run.
    public static let family = "studio"

    public let id: String
    public let version: String
    /// The model's files by what they are for: `weights`, or those of a shared model.
    public let files: [String: ManifestFile]
    public let content: Content
    /// How the model came to be; nil if its maker does not say.
    public let training: TrainingRecord?

    /// What depends on the role.
    public enum Content: Hashable, Sendable {
        case draft(DenoiserManifest)
        case verifier(DenoiserManifest)
        case shared(SharedManifest)
    }

    public var role: ModelRole {
        switch content {
        case .draft: .draft
        case .verifier: .verifier
        case .shared: .shared
        }
    }

    /// The denoiser's part of a draft or a verifier, nil of a shared model.
    public var denoiser: DenoiserManifest? {
        switch content {
        case .draft(let denoiser), .verifier(let denoiser): denoiser
        case .shared: nil
        }
    }

    /// Reads `manifest.json`.
    ///
    /// - Parameter file: its path, for the error.
    /// - Throws: `ModelError.unsupportedFormat`, `.malformed` or `.unsafePath`.
    public init(parsing bytes: [UInt8], file: String) throws(ModelError) {
        self = try StrictJSON.decode(bytes, format: Self.format, file: file)
        if let fault {
            throw .malformed(file: file, reason: fault)
        }
        for entry in files.values.sorted(by: { $0.path < $1.path }) where !entry.isInsideFolder {
            throw .unsafePath(manifest: file, path: entry.path)
        }
    }

    /// What is wrong with the values, in words; nil if nothing is.
    private var fault: String? {
        guard Self.isIdentifier(id) else {
            return "the id '\(id)' is not made of up to 64 lower-case letters, digits, '-', '_' and '.'"
        }
        for name in requiredFiles where files[name] == nil {
            return "'files.\(name)' is missing"
        }
        for (name, entry) in files {
            if let fault = entry.fault { return "files.\(name): \(fault)" }
        }
        switch content {
        case .draft(let denoiser):
            return denoiser.critic == nil ? denoiser.fault : "critic: a draft has none"
        case .verifier(let denoiser):
            return denoiser.fault
        case .shared(let shared):
            return shared.fault
        }
    }

    private var requiredFiles: [String] {
        switch content {
        case .draft(let denoiser), .verifier(let denoiser):
            denoiser.critic == nil ? [FileName.weights] : [FileName.weights, FileName.critic]
        case .shared: [FileName.vocabulary, FileName.textEncoder, FileName.vaeDecoder]
        }
    }

    /// The keys of `files` that this build uses.
    enum FileName {
        static let weights = "weights"
        static let critic = "critic"
        static let vocabulary = "vocabulary"
        static let textEncoder = "textEncoder"
        static let vaeDecoder = "vaeDecoder"
    }

    private static func isIdentifier(_ id: String) -> Bool {
        (1...64).contains(id.utf8.count) && !id.hasPrefix(".")
            && id.unicodeScalars.allSatisfy {
                ("a"..."z").contains($0) || ("0"..."9").contains($0) || "-_.".unicodeScalars.contains($0)
            }
    }
}

/// What a model is for.
public enum ModelRole: String, Hashable, Sendable, Codable, CaseIterable {
    /// The small denoiser that begins a picture.
    case draft
    /// The large denoiser that checks and finishes it.
    case verifier
    /// What both need: vocabulary, text encoder and picture decoder.
    case shared
}

extension ModelManifest: Codable {
    private enum CodingKeys: String, CodingKey {
        case format, id, version, family, role, files, training
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let family = try container.decode(String.self, forKey: .family)
        guard family == Self.family else {
            throw DecodingError.dataCorruptedError(
                forKey: .family, in: container,
                debugDescription: "this build knows the family '\(Self.family)', not '\(family)'")
        }
        id = try container.decode(String.self, forKey: .id)
        version = try container.decode(String.self, forKey: .version)
        files = try container.decode([String: ManifestFile].self, forKey: .files)
        training = try container.decodeIfPresent(TrainingRecord.self, forKey: .training)
        content =
            switch try container.decode(ModelRole.self, forKey: .role) {
            case .draft: .draft(try DenoiserManifest(from: decoder))
            case .verifier: .verifier(try DenoiserManifest(from: decoder))
            case .shared: .shared(try SharedManifest(from: decoder))
            }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(Self.format, forKey: .format)
        try container.encode(id, forKey: .id)
        try container.encode(version, forKey: .version)
        try container.encode(Self.family, forKey: .family)
        try container.encode(role, forKey: .role)
        try container.encode(files, forKey: .files)
        try container.encodeIfPresent(training, forKey: .training)
        switch content {
        case .draft(let denoiser), .verifier(let denoiser): try denoiser.encode(to: encoder)
        case .shared(let shared): try shared.encode(to: encoder)
        }
    }
}
