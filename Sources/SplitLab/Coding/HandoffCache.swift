import Diffusion
import EdgeRuntime
import Foundation
import LatentCoding
import Models
import Speculation

/// Hand-offs and reference pictures kept in a file, so that another round of measuring needs no drafting.
struct HandoffCache: Codable {
    /// The weights that made them; others make others.
    let weights: [String]
    let handoffFraction: Double
    /// Nil in the first files, which are drawn anew.
    let stepCounts: StepCounts?
    /// `FlowWalk.method`; nil in the first files, likewise.
    let sampler: String?
    let samples: [Entry]

    struct Entry: Codable {
        let prompt: StandardPrompt
        let time: Double
        /// An exact latent frame.
        let state: Data
        let reference: Data
    }

    init(_ samples: [HandoffSample], models: ModelPair, handoffFraction: Double) throws {
        weights = Self.weights(of: models)
        self.handoffFraction = handoffFraction
        stepCounts = models.stepCounts
        sampler = FlowWalk.method
        self.samples = try samples.map {
            Entry(
                prompt: $0.prompt, time: $0.time, state: Data(try LatentCodec.lossless.encode($0.state)),
                reference: Data($0.reference))
        }
    }

    func write(to file: URL) throws(CodingLabError) {
        do {
            let encoder = PropertyListEncoder()
            encoder.outputFormat = .binary
            try encoder.encode(self).write(to: file, options: .atomic)
        } catch {
            throw .cache(file: file.path, reason: "it cannot be written")
        }
    }

    /// The samples in `file`; nil if there is no such file or it is of other models, steps or prompts, or of fewer pictures.
    static func samples(
        in file: URL, of studio: Studio, prompts: [StandardPrompt], pictureCount: Int, handoffFraction: Double
    ) throws(CodingLabError) -> [HandoffSample]? {
        let models = studio.models
        guard let data = try? Data(contentsOf: file) else { return nil }
        guard let cache = try? PropertyListDecoder().decode(HandoffCache.self, from: data) else {
            throw .cache(file: file.path, reason: "it is no file of kept hand-offs")
        }
        guard cache.weights == weights(of: models), cache.handoffFraction == handoffFraction,
            cache.stepCounts == models.stepCounts, cache.sampler == FlowWalk.method,
            cache.samples.map(\.prompt) == prompts,
            cache.samples.prefix(pictureCount).allSatisfy({ !$0.reference.isEmpty })
        else { return nil }
        do {
            return try cache.samples.map { entry in
                let state = try LatentCodec.decode([UInt8](entry.state), expecting: studio.shape)
                let noise = studio.noise(seed: entry.prompt.seed)
                return HandoffSample(
                    prompt: entry.prompt, noise: noise, state: state, time: entry.time,
                    estimate: try SeedResidual.estimate(state: state, noise: noise, time: entry.time),
                    reference: [UInt8](entry.reference))
            }
        } catch {
            throw .cache(file: file.path, reason: "\(error)")
        }
    }

    private static func weights(of models: ModelPair) -> [String] {
        [models.draft.weightsDigest, models.verifier.weightsDigest]
            + models.shared.folder.manifest.files.values.map(\.sha256).sorted()
    }
}
