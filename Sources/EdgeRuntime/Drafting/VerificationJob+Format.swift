import Pictures
import Speculation

extension VerificationJob {
    /// Wants the picture as a file of this format.
    mutating func ask(for format: PictureFormat) {
        switch format {
        case .png: (result, pictureQuality) = (.png, nil)
        case .webp(let quality): (result, pictureQuality) = (.webp, quality)
        }
    }
}
