import Diffusion

/// Smooth latents such as drafts send: a first-order autoregressive field around one value for each channel.
///
/// The pilot's latents had half their energy in one background value for each channel and neighbours that correlate
/// by .8; `smoothness` is the correlation of neighbours without the background.
func smoothLatent(_ shape: LatentShape, seed: UInt64, smoothness: Float = 0.85) -> Latent {
    let background = NoiseGenerator(seed: seed).latent(
        LatentShape(height: 1, width: 1, channelCount: shape.channelCount), stream: 1)
    let fresh = (1 - smoothness * smoothness).squareRoot()
    var latent = NoiseGenerator(seed: seed).latent(shape, stream: 0)
    let row = shape.width * shape.channelCount
    for i in row..<max(row, latent.values.count) {
        latent.values[i] = smoothness * latent.values[i - row] + fresh * latent.values[i]
    }
    for i in latent.values.indices where i % row >= shape.channelCount {
        latent.values[i] = smoothness * latent.values[i - shape.channelCount] + fresh * latent.values[i]
    }
    for i in latent.values.indices {
        latent.values[i] = 0.7 * (latent.values[i] + background.values[i % shape.channelCount])
    }
    return latent
}

/// The mean and the standard deviation of one channel.
func statistics(of channel: Int, in latent: Latent) -> (mean: Double, deviation: Double) {
    let values = stride(from: channel, to: latent.values.count, by: latent.shape.channelCount)
        .map { Double(latent.values[$0]) }
    let mean = values.reduce(0, +) / Double(values.count)
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
    return (mean, variance.squareRoot())
}
