public import Diffusion

/// A denoiser with one prompt and one guidance scale: what a trajectory asks for velocities.
public struct PromptedDenoiser: PromptComparing {
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
        precondition(states.count == times.count, "\(times.count) times for \(states.count) states")
        let rows = zip(states, times).map { state, time in
            StudioDenoiser.Row(state: state, time: time, prompt: prompt, guidance: guidance)
        }
        return try denoiser.velocities(rows, unconditional: unconditional)
    }

    public mutating func answers(to questions: [FlowQuestion]) throws -> FlowAnswers {
        try denoiser.answers(
            to: questions.map { StudioDenoiser.Row($0, prompt: prompt, guidance: guidance) },
            unconditional: unconditional)
    }
}
