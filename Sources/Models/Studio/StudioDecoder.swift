public import Diffusion
import Graphs
import Tensors

/// The compiled picture decoder. For one thread at a time.
public final class StudioDecoder {
    private let decoder: VAEDecoder
    private let statistics: LatentStatistics
    private let weights: SafetensorsFile
    private let backend: any Backend
    // Two sizes: activations at 512×512 take more memory than the weights.
    private var executables = ExecutableCache<LatentShape>(capacity: 2)

    init(
        _ decoder: VAEDecoder, _ statistics: LatentStatistics, _ weights: SafetensorsFile, _ backend: any Backend
    ) {
        self.decoder = decoder
        self.statistics = statistics
        self.weights = weights
        self.backend = backend
    }

    /// Decodes a latent.
    ///
    /// - Returns: a picture with elements in −1…1.
    /// - Throws: `ModelError.unsupportedLatent`, or what the backend throws.
    public func decode(_ latent: Latent) throws -> DecodedPicture {
        let shape = latent.shape
        guard shape.channelCount == decoder.latentChannelCount else {
            throw ModelError.unsupportedLatent(
                shape, reason: "its latents have \(decoder.latentChannelCount) channels")
        }
        let maximum = PictureSize.allowedExtents.upperBound / decoder.scaleFactor
        guard shape.height <= maximum, shape.width <= maximum else {
            throw ModelError.unsupportedLatent(shape, reason: "its sides are at most \(maximum)")
        }
        guard latent.isFinite else {
            throw ModelError.unsupportedLatent(shape, reason: "it holds a NaN or an infinity")
        }
        let executable = try executables.executable(for: shape) {
            try backend.compile(
                decoder.graph(batch: 1, height: shape.height, width: shape.width), parameters: weights)
        }
        var values = latent.values
        statistics.denormalise(&values)
        let outputs = try executable.run([
            "latent": Tensor([1, shape.height, shape.width, shape.channelCount], values)
        ])
        let (height, width) = (shape.height * decoder.scaleFactor, shape.width * decoder.scaleFactor)
        let pixels = try outputs.floats("picture", count: height * width * 3, backend: backend.name)
        return DecodedPicture(width: width, height: height, values: pixels.map { min(max($0, -1), 1) })
    }
}

/// A picture as the decoder makes it.
public struct DecodedPicture: Hashable, Sendable {
    public let width: Int
    public let height: Int
    /// Red, green and blue in −1…1. [height, width, 3]
    public let values: [Float]
}
