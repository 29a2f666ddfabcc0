import Diffusion
import EdgeRuntime
import Graphs
import LatentCoding
import Models
import Pictures
import Speculation

/// Drafts hand-offs and finishes pictures from them, several a batch.
final class HandoffStudio {
    private let models: ModelPair
    private let text: StudioText
    private let draft: StudioDenoiser
    private let verifier: StudioDenoiser
    private let decoder: StudioDecoder
    private let handoff: HandoffPlan
    private let shape: LatentShape
    private let guidance: Double
    private static let batch = 8

    init(models: ModelPair, backend: any Backend, handoffFraction: Double) throws {
        self.models = models
        text = try models.shared.text(on: backend)
        draft = models.draft.denoiser(on: backend)
        verifier = models.verifier.denoiser(on: backend)
        decoder = models.shared.decoder(on: backend)
        let manifest = models.draft.manifest
        handoff = try HandoffPlan(
            schedule: manifest.schedule.times(), verifierStepCount: models.stepCounts.verifier,
            fraction: handoffFraction)
        shape = try models.draft.latentShape(for: manifest.sizes.first ?? PictureSize(width: 128, height: 128))
        guidance = manifest.guidance.default
    }

    var description: String {
        "\(models.draft.id) → \(models.verifier.id), \(shape), hand-off at step \(handoff.handoffStep) of "
            + "\(handoff.schedule.stepCount), \(handoff.verifierSteps.count) steps of the verifier"
    }

    /// The hand-offs of `prompts` and the reference pictures of the first `pictureCount`.
    func samples(
        of prompts: [StandardPrompt], pictureCount: Int, progress: (String) -> Void
    ) throws -> [HandoffSample] {
        var samples: [HandoffSample] = []
        for start in stride(from: 0, to: prompts.count, by: Self.batch) {
            let prompts = Array(prompts[start..<min(start + Self.batch, prompts.count)])
            let noises = prompts.map { NoiseGenerator(seed: $0.seed).latent(shape, stream: 0) }
            let states = try run(
                draft, handoff.draftSteps, of: handoff.schedule, from: noises, prompts: prompts)
            let compared = min(max(pictureCount - start, 0), prompts.count)
            let references = try pictures(of: Array(states.prefix(compared)), prompts: Array(prompts.prefix(compared)))
            for index in prompts.indices {
                samples.append(
                    HandoffSample(
                        prompt: prompts[index], noise: noises[index], state: states[index],
                        time: handoff.handoffTime,
                        estimate: try SeedResidual.estimate(
                            state: states[index], noise: noises[index], time: handoff.handoffTime),
                        reference: index < references.count ? references[index] : []))
            }
            progress("\(samples.count) hand-offs")
        }
        return samples
    }

    /// The pictures that the verifier makes of hand-off states without checking them, as 8-bit pixels.
    func pictures(of states: [Latent], prompts: [StandardPrompt]) throws -> [[UInt8]] {
        var pictures: [[UInt8]] = []
        for start in stride(from: 0, to: states.count, by: Self.batch) {
            let rows = start..<min(start + Self.batch, states.count)
            let latents = try run(
                verifier, handoff.verifierSteps, of: handoff.entrySchedule, from: Array(states[rows]),
                prompts: Array(prompts[rows]))
            for latent in latents {
                let decoded = try decoder.decode(latent)
                pictures.append(
                    Picture(width: decoded.width, height: decoded.height, decoded: decoded.values).rgb)
            }
        }
        return pictures
    }

    private func run(
        _ denoiser: StudioDenoiser, _ steps: Range<Int>, of schedule: FlowSchedule, from states: [Latent],
        prompts: [StandardPrompt]
    ) throws -> [Latent] {
        guard !states.isEmpty else { return [] }
        let conditionings = try prompts.map { try text.encode($0.prompt).conditioning }
        return try denoiser.walk(
            steps, of: schedule, from: states, conditionings, unconditional: text.unconditional(), guidance: guidance)
    }
}
