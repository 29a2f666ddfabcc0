import Graphs

/// x + conv2(silu(norm2(conv1(silu(norm1(x)))))), norms over the channels of each pixel.
struct ResidualBlock: Hashable, Sendable {
    let width: Int

    /// x [batch, height, width, channel] → as x
    func append(to builder: inout GraphBuilder, _ x: ValueID) throws(ShapeError) -> ValueID {
        var h = x
        for index in 1...2 {
            h = try builder.rmsNorm(h, "norm\(index)", epsilon: VAEDecoder.normEpsilon)
            h = try builder.activation(h, .silu)
            h = try builder.convolution2D(h, "conv\(index)", outputs: width, kernel: 3, padding: 1)
        }
        return try builder.add(x, h)
    }
}
