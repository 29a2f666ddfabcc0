import Diffusion
import LatentCoding
import Models
import Pictures
import Speculation

/// A job's result before it is coded: what is left to do takes no model, so any thread can do it.
enum RawResult: Sendable {
    case latent(Latent, LatentCodec)
    case picture(Picture, PictureFormat)

    /// - Throws: `LatentCodingError`, `PictureFileError`.
    func payload() throws -> [UInt8] {
        switch self {
        case .latent(let latent, let codec): try codec.encode(latent)
        case .picture(let picture, let format): try format.encode(picture)
        }
    }
}

extension PictureVerifier.Studio {
    /// The final latent as the job asks for it.
    ///
    /// - Parameters:
    ///   - codec: for a latent that is asked for; an end result keeps every bit.
    ///   - announce: is called before the decoder runs.
    func result(
        _ latent: Latent, for job: VerificationJob, codec: LatentCodec = .lossless, _ stages: inout StageClock,
        announce: () throws -> Void
    ) throws -> RawResult {
        let format: PictureFormat
        switch job.result {
        case .latent: return .latent(latent, codec)
        case .png: format = .png
        case .webp: format = .webp(quality: job.pictureQuality)
        }
        try announce()
        let decoded = try stages.time("decode", preparation: { decoder.preparation }) { try decoder.decode(latent) }
        return .picture(Picture(width: decoded.width, height: decoded.height, decoded: decoded.values), format)
    }
}
