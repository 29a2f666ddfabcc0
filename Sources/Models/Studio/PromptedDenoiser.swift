public import Diffusion

/// A denoiser with one prompt and one guidance scale: what a trajectory asks for velocities.
public struct PromptedDenoiser: VelocityPredicting {
    public let denoiser: StudioDenoiser
    public var prompt: Conditioning
    public var unconditional: Conditioning
    /// The guidance scale w.
    public var guidance: Double

    public init(
        _ denoiser: StudioDenoiser, prompt: Conditioning, unconditional: Conditioning, guidance: Double
    ) {
        self.denoiser = denoiser
        self.prompt = prompt
        self.unconditional = unconditional
        self.guidance = guidance
    }

    public mutating func velocities(_ states: [Latent], at times: [Double]) throws -> [Latent] {
        try denoiser.velocities(rows(states, times), unconditional: unconditional)
    }

    public mutating func promptedVelocities(
        _ states: [Latent], at times: [Double]
    ) throws -> [PromptedVelocity] {
        try denoiser.promptedVelocities(rows(states, times), unconditional: unconditional)
    }

    private func rows(_ states: [Latent], _ times: [Double]) -> [StudioDenoiser.Row] {
        precondition(states.count == times.count, "\(times.count) times for \(states.count) states")
        return zip(states, times).map { state, time in
            StudioDenoiser.Row(state: state, time: time, prompt: prompt, guidance: guidance)
        }
    }
}
