public import Diffusion
public import Graphs
public import Speculation
import Tensors

/// A draft or a verifier that fits a shared model, with its weights checked.
public struct DenoiserModel: Sendable {
    public let folder: ModelFolder
    public let manifest: DenoiserManifest
    /// Picture pixels along one side of a latent pixel.
    public let scaleFactor: Int
    /// Nil of a model that computes elsewhere.
    private let weights: SafetensorsFile?
    /// Nil where the manifest describes no critic, or the model computes elsewhere and its critic is not here.
    private let criticWeights: SafetensorsFile?

    /// Checks and maps the weights of a draft or verifier.
    ///
    /// - Parameters:
    ///   - role: what the model must be; nil takes a draft as well as a verifier.
    ///   - shared: the model whose latent and text it works with.
    ///   - needsWeights: whether it computes here. Of one that does not the weights are not looked at, and its critic, which may
    ///     choose among drafts here, only where it is there.
    /// - Throws: `ModelError`: `.wrongRole`, `.incompatiblePair`, or what is wrong with a file.
    public init(
        _ folder: ModelFolder, role: ModelRole? = nil, shared: SharedModel, needsWeights: Bool = true
    ) throws(ModelError) {
        let (id, found) = (folder.manifest.id, folder.manifest.role)
        guard let manifest = folder.manifest.denoiser, role == nil || role == found else {
            throw .wrongRole(id: id, expected: role ?? .verifier, found: found)
        }
        if let reason = manifest.conflict(with: shared.manifest, id: shared.folder.manifest.id) {
            throw .incompatiblePair(first: id, second: shared.folder.manifest.id, reason: reason)
        }
        self.folder = folder
        self.manifest = manifest
        let transformer = manifest.architecture
        scaleFactor = shared.manifest.architecture.vaeDecoder.scaleFactor
        if needsWeights {
            weights = try SafetensorsFile(folder, ModelManifest.FileName.weights) { () throws(ShapeError) in
                try transformer.graph(batch: 1, height: transformer.patchSize, width: transformer.patchSize)
            }
        } else {
            weights = nil
        }
        do throws(ModelError) {
            criticWeights = try manifest.critic.map { critic throws(ModelError) in
                try SafetensorsFile(folder, ModelManifest.FileName.critic) { () throws(ShapeError) in
                    try critic.graph(batch: 1, height: critic.trunk.patchSize, width: critic.trunk.patchSize)
                }
            }
        } catch {
            guard case .missingFile = error, !needsWeights else { throw error }
            criticWeights = nil
        }
    }

    public var id: String { folder.manifest.id }

    /// SHA-256 of the weights file, lower-case hexadecimal; compared with the file when the model was made with it.
    public var weightsDigest: String { folder.manifest.files[ModelManifest.FileName.weights]?.sha256 ?? "" }

    /// What a job calls the model.
    public var identity: ModelIdentity { ModelIdentity(id: id, weightsDigest: weightsDigest) }

    /// SHA-256 of the critic's weights file; nil without a critic.
    public var criticDigest: String? {
        manifest.critic.flatMap { _ in folder.manifest.files[ModelManifest.FileName.critic]?.sha256 }
    }

    /// Whether it has a critic that knows the draft's pictures from its own.
    public var tellsLikeness: Bool { manifest.critic?.answers.contains(.likeness) ?? false }

    /// What its check was measured to read; nil where there is none that this build computes, or one measured with another
    /// critic than is here.
    public var calibration: CheckCalibration? {
        manifest.check?.calibration.flatMap { check in
            let isOfCritic = check.critic == nil || check.critic == criticDigest
            return isOfCritic && (check.likeness == nil || tellsLikeness) ? check : nil
        }
    }

    /// What both sides of a picture's width and height must be multiples of.
    public var sizeMultiple: Int { scaleFactor * manifest.architecture.patchSize }

    /// Whether the model was trained for a size.
    public func isTrainedSize(_ size: PictureSize) -> Bool { manifest.sizes.contains(size) }

    /// The size for a shape, width to height: the trained one that is nearest to it, if that is within a twentieth, else
    /// one of the first trained one's area; nil without trained sizes.
    public func size(ofRatio ratio: Double) -> PictureSize? {
        guard let usual = manifest.sizes.first else { return nil }
        func distance(_ size: PictureSize) -> Double {
            let share = Double(size.width) / (Double(size.height) * ratio)
            return max(share, 1 / share)
        }
        if let nearest = manifest.sizes.min(by: { distance($0) < distance($1) }), distance(nearest) <= 1.05 {
            return nearest
        }
        let width = (Double(usual.width * usual.height) * ratio).squareRoot()
        func rounded(_ side: Double) -> Int {
            max(sizeMultiple, Int((side / Double(sizeMultiple)).rounded()) * sizeMultiple)
        }
        return PictureSize(width: rounded(width), height: rounded(width / ratio))
    }

    /// The latent of a picture.
    ///
    /// - Throws: `ModelError.unsupportedSize` unless both sides are multiples of `sizeMultiple` inside
    ///   `PictureSize.allowedExtents`.
    public func latentShape(for size: PictureSize) throws(ModelError) -> LatentShape {
        for extent in [size.width, size.height] {
            guard PictureSize.allowedExtents.contains(extent), extent % sizeMultiple == 0 else {
                throw .unsupportedSize(width: size.width, height: size.height, multiple: sizeMultiple)
            }
        }
        return LatentShape(
            height: size.height / scaleFactor, width: size.width / scaleFactor,
            channelCount: manifest.architecture.latentChannelCount)
    }

    /// The picture of a latent.
    public func pictureSize(of shape: LatentShape) -> PictureSize {
        PictureSize(width: shape.width * scaleFactor, height: shape.height * scaleFactor)
    }

    /// Throws unless `shape` is the latent of a picture that the model can make.
    ///
    /// - Throws: `ModelError.unsupportedLatent`.
    public func check(_ shape: LatentShape) throws(ModelError) {
        let channelCount = manifest.architecture.latentChannelCount
        guard shape.channelCount == channelCount else {
            throw .unsupportedLatent(shape, reason: "its latents have \(channelCount) channels")
        }
        let patchSize = manifest.architecture.patchSize
        for extent in [shape.height, shape.width] {
            // Compared by division: a hostile extent times the scale factor could overflow.
            guard extent % patchSize == 0,
                extent >= PictureSize.allowedExtents.lowerBound / scaleFactor,
                extent <= PictureSize.allowedExtents.upperBound / scaleFactor
            else {
                throw .unsupportedLatent(
                    shape,
                    reason: "its sides are multiples of \(patchSize) from "
                        + "\(PictureSize.allowedExtents.lowerBound / scaleFactor) to "
                        + "\(PictureSize.allowedExtents.upperBound / scaleFactor)")
            }
        }
    }

    /// The denoiser; compiles a graph for each batch and size when it is first needed.
    ///
    /// - Throws: `ModelError.unreadable` of a model that was made without its weights.
    public func denoiser(on backend: any Backend) throws(ModelError) -> StudioDenoiser {
        guard let weights else {
            throw .unreadable(file: folder.manifestPath, reason: "the model was opened without its weights")
        }
        return StudioDenoiser(self, weights, critic(on: backend), backend)
    }

    /// The critic alone; nil where the model has none.
    public func critic(on backend: any Backend) -> StudioCritic? {
        manifest.critic.flatMap { network in criticWeights.map { StudioCritic(of: id, network, $0, backend) } }
    }
}
