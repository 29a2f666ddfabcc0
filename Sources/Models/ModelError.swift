public import Diffusion
public import Tensors

/// Why a model cannot be used, or not for what was asked.
public enum ModelError: Error, Hashable, Sendable {
    /// No folder searched holds a model of that id.
    case notFound(id: String, searched: [String], available: [String])
    /// A file that a manifest names, or a manifest itself, is not there.
    case missingFile(file: String)
    /// A file is there but cannot be read.
    case unreadable(file: String, reason: String)
    /// A file has another number of bytes than its manifest says.
    case truncated(file: String, expectedBytes: Int, foundBytes: Int)
    /// A file has the right number of bytes but not the content that its manifest says.
    case tampered(file: String, expectedSHA256: String, foundSHA256: String)
    /// A manifest or vocabulary of a version that this build does not read.
    case unsupportedFormat(file: String, found: Int, supported: Int)
    /// A manifest or vocabulary that breaks its format.
    case malformed(file: String, reason: String)
    /// A weights file that is no sound safetensors file, although it is what its manifest says.
    case damagedWeights(SafetensorsError)
    /// A manifest names a file outside its own folder.
    case unsafePath(manifest: String, path: String)
    /// The weights do not fit the hyperparameters of the manifest.
    case wrongArchitecture(file: String, reason: String)
    /// The model is a draft where a verifier is needed, or the like.
    case wrongRole(id: String, expected: ModelRole, found: ModelRole)
    /// Two models that cannot work on one latent.
    case incompatiblePair(first: String, second: String, reason: String)
    /// A picture size that the models cannot make.
    case unsupportedSize(width: Int, height: Int, multiple: Int)
    /// A latent that the model cannot take.
    case unsupportedLatent(LatentShape, reason: String)
    /// A guidance scale outside the model's range, or not a number.
    case guidanceOutOfRange(Double, minimum: Double, maximum: Double)
    /// A time outside (0, 1].
    case timeOutOfRange(Double)
    /// A critic is asked for, and the model has none.
    case noCritic(id: String)
    /// The backend gave back a result without this output, or of another size.
    case missingOutput(name: String, backend: String)
}

extension ModelError: CustomStringConvertible {
    private static let restore = "get the model's folder again, for example with `git checkout`, and do not edit it"

    public var description: String {
        switch self {
        case .notFound(let id, let searched, let available):
            let places = searched.isEmpty ? "nowhere" : searched.joined(separator: ", ")
            let known = available.isEmpty ? "none there" : available.joined(separator: ", ")
            return "there is no model '\(id)' (looked in \(places); models: \(known)); "
                + "choose one of them or name the folder that holds yours"
        case .missingFile(let file):
            return "\(file) is not there; \(Self.restore)"
        case .unreadable(let file, let reason):
            return "\(file) cannot be read (\(reason)); check that it is a file and that you may read it"
        case .truncated(let file, let expected, let found):
            return "\(file) has \(found) bytes, but its manifest says \(expected), so it was not copied whole; "
                + Self.restore
        case .tampered(let file, let expected, let found):
            return "\(file) is not what its manifest says (SHA-256 \(found.prefix(12))… instead of "
                + "\(expected.prefix(12))…), so it is damaged or of another version; \(Self.restore)"
        case .unsupportedFormat(let file, let found, let supported):
            let remedy = found > supported ? "update Underpaint" : "export the model anew"
            return "\(file) has format \(found), but this build reads format \(supported); \(remedy)"
        case .malformed(let file, let reason):
            return "\(file) is not as it should be: \(reason); \(Self.restore), or update Underpaint if it is newer"
        case .damagedWeights(let error):
            return "\(error)"
        case .unsafePath(let manifest, let path):
            return "\(manifest) names the file '\(path)', which is not inside its own folder; "
                + "do not use a model from a source that you do not trust"
        case .wrongArchitecture(let file, let reason):
            return "\(file) holds the weights of another network than its manifest describes: \(reason); "
                + Self.restore
        case .wrongRole(let id, let expected, let found):
            return "the model '\(id)' is a \(found.rawValue) model, but a \(expected.rawValue) model is needed; "
                + "see `underpaint models` for which is which"
        case .incompatiblePair(let first, let second, let reason):
            return "the models '\(first)' and '\(second)' do not work together: \(reason); "
                + "choose a pair whose manifests name each other"
        case .unsupportedSize(let width, let height, let multiple):
            let range = PictureSize.allowedExtents
            return "pictures of \(width)×\(height) pixels cannot be made; choose multiples of \(multiple) "
                + "from \(range.lowerBound) to \(range.upperBound)"
        case .unsupportedLatent(let shape, let reason):
            return "a latent of \(shape) does not fit the model: \(reason); "
                + "use a latent that was made by the model's partner"
        case .guidanceOutOfRange(let scale, let minimum, let maximum):
            return "a guidance scale of \(scale) is out of range; choose one from \(minimum) to \(maximum)"
        case .timeOutOfRange(let time):
            return "\(time) is not a time of the flow; times lie above 0 and up to 1"
        case .noCritic(let id):
            return
                "the model '\(id)' has no critic here that could choose or judge; leave out --candidates, copy its critic, or train "
                + "one for it (CloudModels/training)"
        case .missingOutput(let name, let backend):
            return "\(backend) gave no usable '\(name)'; this is a fault in the backend, so try another one"
        }
    }
}
