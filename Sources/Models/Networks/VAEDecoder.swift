public import Graphs
import Tensors

/// The picture's decoder: residual convolutions with nearest-neighbour upsampling and a pixel shuffle at the end.
///
/// No layer looks at the whole picture, so the result at a pixel does not depend on the picture's size.
public struct VAEDecoder: Hashable, Sendable, Codable {
    public let latentChannelCount: Int
    /// Channels of each stage; every stage but the first begins with a doubling.
    public let widths: [Int]
    public let blocksPerStage: Int
    /// Pixels along one side of a latent pixel: 2 to the number of stages.
    public let scaleFactor: Int

    static let normEpsilon: Float = 1e-6

    public init(latentChannelCount: Int, widths: [Int], blocksPerStage: Int, scaleFactor: Int) {
        self.latentChannelCount = latentChannelCount
        self.widths = widths
        self.blocksPerStage = blocksPerStage
        self.scaleFactor = scaleFactor
    }

    /// The first hyperparameter that no network can have, in words; nil if all are in order.
    public var fault: String? {
        if let fault = Bounds.fault(
            ("latentChannelCount", latentChannelCount, Bounds.channelCounts),
            ("the number of widths", widths.count, 1...6), ("blocksPerStage", blocksPerStage, 1...16))
        {
            return fault
        }
        for width in widths {
            if let fault = Bounds.fault(("width", width, Bounds.widths)) { return fault }
        }
        let scale = 1 << widths.count
        return scaleFactor == scale ? nil : "scaleFactor \(scaleFactor) is not 2 to the number of widths, \(scale)"
    }

    /// Latent pixels around one that its pixels depend on: a picture decoded in parts that overlap so far is the same.
    public var receptiveRadius: Int {
        // From the pixels of one latent pixel back through the layers, rows first…last at each one's resolution. Each
        // convolution looks one pixel further both ways; a doubling takes pixel i from i/2.
        var (first, last) = (-1, (1 << (widths.count - 1)))
        for stage in widths.indices.reversed() {
            let reach = 2 * blocksPerStage + 1  // with the convolution that begins the stage
            (first, last) = (first - reach, last + reach)
            // Shifting rounds down, as the doubling does.
            if stage > 0 { (first, last) = (first >> 1, last >> 1) }
        }
        return max(-first, last)
    }

    /// The network for one shape of batch.
    ///
    /// Input: `latent` [batch, height, width, channel] in the VAE's own coordinates. Output: `picture`
    /// [batch, scaleFactor·height, scaleFactor·width, 3], red green blue, about −1…1, not clamped.
    ///
    /// - Throws: `ShapeError` if `fault` is not nil or a size is not positive.
    public func graph(batch: Int, height: Int, width: Int) throws(ShapeError) -> Graph {
        try Bounds.check(fault, "VAEDecoder")
        try Bounds.check(
            Bounds.fault(("batch", batch, 1...4096), ("height", height, 1...4096), ("width", width, 1...4096)),
            "VAEDecoder")
        var builder = GraphBuilder()
        let latent = builder.input("latent", [batch, height, width, latentChannelCount])
        var x = try builder.convolution2D(latent, "conv_in", outputs: widths[0], kernel: 3, padding: 1)
        for (stage, width) in widths.enumerated() {
            if stage > 0 {
                x = try builder.upsampleNearest(x, factor: 2)
                x = try builder.convolution2D(x, "up\(stage)", outputs: width, kernel: 3, padding: 1)
            }
            for block in 0..<blocksPerStage {
                x = try builder.scoped(to: "stage\(stage).\(block)") { builder throws(ShapeError) in
                    try ResidualBlock(width: width).append(to: &builder, x)
                }
            }
        }
        x = try builder.rmsNorm(x, "norm_out", epsilon: Self.normEpsilon)
        x = try builder.activation(x, .silu)
        x = try builder.convolution2D(x, "conv_out", outputs: 12, kernel: 3, padding: 1)
        builder.output("picture", try builder.pixelShuffle(x, factor: 2))
        return builder.graph
    }
}
