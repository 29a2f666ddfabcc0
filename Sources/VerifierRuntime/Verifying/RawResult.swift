import Diffusion
import LatentCoding
import Pictures

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
