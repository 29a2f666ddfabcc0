/// A velocity, and what the prompt has to do with it.
public struct PromptedVelocity: Hashable, Sendable {
    /// What the sampler takes, guidance applied.
    public let velocity: Latent
    /// What guidance was made of; nil of a model that does not tell.
    public let contrast: Contrast?

    /// The velocities at the same state with the prompt and with the empty one, without guidance.
    public struct Contrast: Hashable, Sendable {
        public let prompted: Latent
        public let unprompted: Latent

        public init(prompted: Latent, unprompted: Latent) {
            self.prompted = prompted
            self.unprompted = unprompted
        }
    }

    public init(velocity: Latent, contrast: Contrast?) {
        self.velocity = velocity
        self.contrast = contrast
    }
}
