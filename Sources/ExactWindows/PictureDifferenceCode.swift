import Diffusion
import LatentCoding

/// Codes a picture as its difference from one that both sides have, no finer than the chain needs.
///
/// The quantizer's step follows from the tolerated error, not from the difference's own size: two pictures that are nearly
/// alike cost nearly nothing.
struct PictureDifferenceCode {
    /// What a frame can name (Protocol/latent-frame.md), in the latent's own units.
    private static let steps: ClosedRange<Double> = 0x1p-16...0x1p15

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
        let step = min(max(width, finestStep(for: difference), steps.lowerBound), steps.upperBound)
        let bytes = try LatentCodec(step: Float(step)).encode(difference)
        return (bytes, try decode(bytes, from: reference))
    }

    /// - Throws: `LatentCodingError` for bytes that are no such frame.
    static func decode(_ bytes: [UInt8], from reference: Latent) throws(LatentCodingError) -> Latent {
        reference.adding(try LatentCodec.decode(bytes, expecting: reference.shape), times: 1)
    }

    /// A step with which every number of the frame is small enough to be written, whatever the pictures.
    ///
    /// Numbers go up to 2²⁵. An element is predicted and is at most twice the extent away; the mean of a channel, at the top
    /// of a pyramid of l levels, is counted in steps 2^l times finer, and 2^l is below twice the longer side.
    private static func finestStep(for difference: Latent) -> Double {
        let extent = difference.values.reduce(0) { max($0, abs($1)) }
        return Double(extent) * Double(max(difference.shape.height, difference.shape.width)) * 0x1p-22
    }
}
