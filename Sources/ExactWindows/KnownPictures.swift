import Diffusion

/// Pictures that both sides of a chain have: what the next ones are coded against.
///
/// Both sides feed it with the same decoded bits in the same order, so it never differs.
struct KnownPictures {
    /// x̂₀_q at the discarded states behind a rejection, by step.
    private var ahead: [Int: Latent] = [:]
    private var latest: Latent

    init(shape: LatentShape) {
        latest = .zero(shape)
    }

    /// What step n's picture is coded against.
    ///
    /// - Parameter previous: the picture before it in the same window.
    func reference(forStep n: Int, previous: Latent?) -> Latent { ahead[n] ?? previous ?? latest }

    /// Takes in the verifier's pictures from the last settled step on.
    mutating func learn(_ pictures: [Latent], lastSettledStep: Int) {
        guard let first = pictures.first else { return }
        latest = first
        let end = lastSettledStep + pictures.count
        ahead = ahead.filter { $0.key >= end }
        for (i, picture) in pictures.enumerated().dropFirst() { ahead[lastSettledStep + i] = picture }
    }
}
