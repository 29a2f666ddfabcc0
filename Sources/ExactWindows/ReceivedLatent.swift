public import Diffusion
public import Speculation

extension Latent {
    /// The largest element that a verifier takes from a client.
    ///
    /// Normalised latents have about unit variance, so none of a picture is near it. What is far beyond overflows inside the
    /// model and would look like the verifier's own failure; a thousand is safe even where a model computes in float16, whose
    /// largest number is 65,504.
    static let receivedLimit: Float = 1000

    /// Checks a picture that a client sent.
    ///
    /// - Throws: `invalidLatent`.
    public func checkReceived() throws(VerifierError) {
        // Not a search for what is above the limit: that would let a NaN pass.
        guard values.allSatisfy({ abs($0) <= Latent.receivedLimit }) else {
            throw VerifierError(
                .invalidLatent,
                "the latent has elements beyond ±\(Int(Latent.receivedLimit)), which no picture has; check the draft that "
                    + "made it")
        }
    }
}
