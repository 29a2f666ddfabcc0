import Diffusion
import LatentCoding

/// Codes a picture as its difference from one that both sides have, no finer than the chain needs.
///
/// The quantizer's step follows from the tolerated error, not from the difference's own size: two pictures that are nearly
/// alike cost nearly nothing.
struct PictureDifferenceCode {
    /// Steps in standard deviations of a channel that are used at all: below, 16 bits would not do; above, all is zero.
    private static let steps: ClosedRange<Double> = 0.02...64

    /// The frame, and the picture that the other side will decode from it.
    ///
    /// - Parameter tolerance: the error of an element (RMS) that may be.
    /// - Throws: `LatentCodingError`.
    static func encode(
        _ picture: Latent, from reference: Latent, tolerance: Double
    ) throws(LatentCodingError) -> (bytes: [UInt8], picture: Latent) {
        let difference = picture.adding(reference, times: -1)
        // A uniform quantizer of width q errs by q/√12 (RMS).
        let width = tolerance * 12.0.squareRoot()
        let deviation = channelDeviation(of: difference)
        let step = deviation > 0 ? min(max(width / deviation, steps.lowerBound), steps.upperBound) : 1
        let bytes = try LatentCodec(step: Float(step)).encode(difference)
        return (bytes, try decode(bytes, from: reference))
    }

    /// - Throws: `LatentCodingError` for bytes that are no such frame.
    static func decode(_ bytes: [UInt8], from reference: Latent) throws(LatentCodingError) -> Latent {
        reference.adding(try LatentCodec.decode(bytes, expecting: reference.shape), times: 1)
    }

    /// The root of the channels' mean variance.
    private static func channelDeviation(of latent: Latent) -> Double {
        let channelCount = latent.shape.channelCount
        var (sums, squares) = ([Double](repeating: 0, count: channelCount), 0.0)
        for (i, value) in latent.values.enumerated() {
            sums[i % channelCount] += Double(value)
            squares += Double(value) * Double(value)
        }
        let count = Double(latent.values.count / channelCount)
        let means = sums.reduce(0) { $0 + ($1 / count) * ($1 / count) } * count
        return max(0, (squares - means) / Double(latent.values.count)).squareRoot()
    }
}

extension Latent {
    /// Each element rounded after the product and after the sum, alike on every machine.
    func adding(_ other: Latent, times factor: Float) -> Latent {
        var result = self
        for i in result.values.indices { result.values[i] += factor * other.values[i] }
        return result
    }
}
