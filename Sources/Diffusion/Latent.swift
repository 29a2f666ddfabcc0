/// The shape of one latent picture, in elements.
public struct LatentShape: Hashable, Sendable, Codable {
    /// Rows of the latent grid (picture height divided by the VAE's scale factor).
    public let height: Int
    /// Columns of the latent grid.
    public let width: Int
    /// Latent channels of the VAE.
    public let channelCount: Int

    public init(height: Int, width: Int, channelCount: Int) {
        precondition(height > 0 && width > 0 && channelCount > 0, "a latent has at least one element")
        self.height = height
        self.width = width
        self.channelCount = channelCount
    }

    /// D in ALGORITHMS.md: the number of elements of one latent.
    public var elementCount: Int { height * width * channelCount }
}

extension LatentShape: CustomStringConvertible {
    public var description: String { "\(height)×\(width)×\(channelCount)" }
}

/// One latent picture in the diffusion model's normalised coordinates.
///
/// A frozen value that may cross threads and the wire. Elements are stored row by row with the channel
/// innermost: `values[(y * width + x) * channelCount + channel]`, the order in which the noise
/// generator counts them.
public struct Latent: Hashable, Sendable {
    public let shape: LatentShape
    public var values: [Float]  // [height, width, channel]

    public init(shape: LatentShape, values: [Float]) {
        precondition(values.count == shape.elementCount, "\(values.count) values for a latent of \(shape)")
        self.shape = shape
        self.values = values
    }

    /// Whether no element is NaN or infinite.
    public var isFinite: Bool { values.allSatisfy(\.isFinite) }
}
