import Diffusion
import Models

extension StudioDenoiser {
    /// Takes steps of a schedule for a batch, each row with its prompt.
    ///
    /// - Returns: the states after the last step.
    /// - Throws: `DiffusionError.notFinite`, or what the model throws.
    func walk(
        _ steps: Range<Int>, of schedule: FlowSchedule, from states: [Latent], _ prompts: [Conditioning],
        unconditional: Conditioning, guidance: Double
    ) throws -> [Latent] {
        var walks = states.map { FlowWalk(schedule, from: steps.lowerBound, state: $0) }
        for _ in steps {
            let rows = zip(walks, prompts).map {
                Row(state: $0.state, time: $0.time, prompt: $1, guidance: guidance)
            }
            let velocities = try velocities(rows, unconditional: unconditional)
            for (index, velocity) in velocities.enumerated() { try walks[index].take(velocity) }
        }
        return walks.map(\.state)
    }
}
