import Diffusion
import Models
import Pictures
import Speculation

extension Studio {
    var description: String {
        "\(models.draft.id) → \(models.verifier.id), \(shape), hand-off at step \(handoff.handoffStep) of "
            + "\(handoff.schedule.stepCount), \(handoff.verifierSteps.count) of the verifier's steps"
    }

    /// The hand-offs of `prompts` and the reference pictures of the first `pictureCount`.
    func handoffs(
        of prompts: [StandardPrompt], pictureCount: Int, progress: (String) -> Void
    ) throws -> [HandoffSample] {
        var samples: [HandoffSample] = []
        for start in stride(from: 0, to: prompts.count, by: Studio.batch) {
            let prompts = Array(prompts[start..<min(start + Studio.batch, prompts.count)])
            let noises = prompts.map { noise(seed: $0.seed) }
            let states = try drafted(from: noises, prompts.map { try conditioning($0.prompt) })
            let estimates = try estimates(states, noise: noises)
            let compared = min(max(pictureCount - start, 0), prompts.count)
            let references = try pictures(of: Array(states.prefix(compared)), prompts: Array(prompts.prefix(compared)))
            for index in prompts.indices {
                samples.append(
                    HandoffSample(
                        prompt: prompts[index], noise: noises[index], state: states[index],
                        time: handoff.handoffTime, estimate: estimates[index],
                        reference: index < references.count ? references[index] : []))
            }
            progress("\(samples.count) hand-offs")
        }
        return samples
    }

    /// The pictures that the verifier makes of hand-off states without checking them, as 8-bit pixels.
    func pictures(of states: [Latent], prompts: [StandardPrompt]) throws -> [[UInt8]] {
        var pictures: [[UInt8]] = []
        for start in stride(from: 0, to: states.count, by: Studio.batch) {
            let rows = start..<min(start + Studio.batch, states.count)
            let latents = try refined(
                handoff.verifierSteps, of: handoff.entrySchedule, from: Array(states[rows]),
                rows.map { try conditioning(prompts[$0].prompt) })
            for latent in latents { pictures.append(try picture(latent).rgb) }
        }
        return pictures
    }
}
