public import Diffusion

/// Why a latent could not be coded, or bytes are no latent.
public enum LatentCodingError: Error, Hashable, Sendable {
    /// The seed-residual code was asked for a state without a picture in it.
    case noPictureAtTime(Double)
    /// The quantizer step is not a positive number.
    case invalidStep(Float)
    /// There is not one tilt a channel, or one is above 15.
    case invalidTilts([UInt8], channelCount: Int)
    /// The latent to encode holds a NaN or an infinity.
    case notFinite(element: Int)
    /// The latent's extents do not fit the frame's fields.
    case shapeTooLarge(LatentShape)
    /// A channel's values lie too far apart for the quantizer step.
    case rangeTooWide(channel: Int)
    /// zstd could not compress.
    case compressionFailed(String)

    /// The frame ends too early, or goes on after its end.
    case wrongLength(expected: Int, got: Int)
    /// More bytes than any latent of this shape needs.
    case frameTooLong(limit: Int, got: Int)
    /// The bytes do not begin with the frame's magic number.
    case notALatentFrame
    /// The frame is of a format version that this program does not read.
    case unsupportedVersion(Int)
    /// The bytes are not those that were written.
    case checksumMismatch
    /// The latent has another shape than the model's.
    case shapeMismatch(expected: LatentShape, height: Int, width: Int, channelCount: Int)
    /// A header field that no encoder writes; the text names it.
    case invalidHeader(String)
    /// The payload is not what an encoder writes for this shape: one zstd frame of exactly the right size, or range-coded
    /// elements and nothing behind them.
    case invalidPayload(String)
    /// The decoded latent holds a NaN or an infinity.
    case decodedNotFinite(element: Int)
}

extension LatentCodingError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .noPictureAtTime(let time):
            "a state at t = \(time) holds no picture to send; hand off after the first step (0 ≤ t < 1)"
        case .invalidStep(let step):
            "the quantizer step \(step) is not a positive number that a frame can hold; 0.65 is the default"
        case .invalidTilts(let tilts, let channelCount):
            "the tilts \(tilts) do not fit a latent of \(channelCount) channels; give one from 0 to 15 for each"
        case .notFinite(let element):
            "element \(element) of the latent is not finite; nothing was sent. "
                + "Check the draft's weights with `underpaint models`"
        case .shapeTooLarge(let shape):
            "a latent of \(shape) does not fit a frame; make a smaller picture"
        case .rangeTooWide(let channel):
            "channel \(channel) of the latent spans too many quantizer steps; take a larger step or send it exactly"
        case .compressionFailed(let reason):
            "zstd could not compress the latent (\(reason)); free some memory and try again"
        case .wrongLength(let expected, let got):
            "the latent frame has \(got) bytes where \(expected) belong; send the whole frame and nothing after it"
        case .frameTooLong(let limit, let got):
            "the latent frame has \(got) bytes, more than the \(limit) that this shape can need; "
                + "encode it with this program's encoder"
        case .notALatentFrame:
            "the bytes are no latent frame; send what the encoder gave, unchanged"
        case .unsupportedVersion(let version):
            "the latent frame is of format version \(version) and only versions up to "
                + "\(LatentFrameHeader.version) are read here; bring both sides to the same release"
        case .checksumMismatch:
            "the latent frame was damaged on its way (checksum); send it again"
        case .shapeMismatch(let expected, let height, let width, let channelCount):
            "the latent is \(height)×\(width)×\(channelCount) and the job needs \(expected); "
                + "use a draft of the same family and the same picture size"
        case .invalidHeader(let field):
            "the latent frame's \(field); encode it again with this program's encoder"
        case .invalidPayload(let reason):
            "the latent frame's payload is not valid: \(reason); encode it again with this program's encoder"
        case .decodedNotFinite(let element):
            "element \(element) of the decoded latent is not finite; check the draft that made it"
        }
    }
}
