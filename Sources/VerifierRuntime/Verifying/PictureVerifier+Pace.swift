public import Diffusion
import LatentCoding
import Models
public import Speculation

extension PictureVerifier {
    /// Makes two short pictures and says how fast the second went; the first one, of a draft that is checked, compiles the
    /// graphs.
    ///
    /// - Parameters:
    ///   - shape: of the pictures' latents; nil for the first size that the verifier lists.
    ///   - check: called between the steps; throw to stop.
    /// - Throws: what the backend throws, or `VerifierError` if the models cannot be used.
    public func measurePace(at shape: LatentShape? = nil, check: () throws -> Void = {}) throws -> VerifierPace {
        _ = try execute(try warmUpJob(at: shape, isChecked: calibration != nil)) { _ in try check() }
        let outcome = try execute(try warmUpJob(at: shape, isChecked: false)) { _ in try check() }
        guard var pace = VerifierPace(outcome.telemetry) else {
            throw VerifierError(.internalFailure, "the verifier's clock does not run; is this machine suspended?")
        }
        pace.rowShare = try measureRowShare(at: shape, check: check)
        return pace
    }

    /// Rows of the batch that tells what one more costs.
    private static let measuredRows = 4

    /// What one more row of a batch costs, as a share of an evaluation by itself: without it nobody could tell whether windows of
    /// exact chains are worth anything here.
    private func measureRowShare(at shape: LatentShape?, check: () throws -> Void) throws -> Double {
        let job = try warmUpJob(at: shape, isChecked: false)
        return try studio.withLock { studio in
            let prompt = try studio.text.unconditional()
            func seconds(_ count: Int) throws -> Double {
                let row = StudioDenoiser.Row(
                    state: .zero(job.latentShape), time: 1, prompt: prompt, guidance: Double(job.guidanceScale))
                let rows = Array(repeating: row, count: count)
                // The first compiles the graph.
                let runs = try (0..<3).map { _ in
                    try check()
                    return try ContinuousClock().measure {
                        _ = try studio.denoiser.velocities(rows, unconditional: prompt)
                    }.inSeconds
                }
                return runs.dropFirst().min() ?? 0
            }
            let (one, several) = (try seconds(1), try seconds(Self.measuredRows))
            let share = (several / one - 1) / Double(Self.measuredRows - 1)
            return min(max(share.isFinite ? share : 1, 0), VerifierPace.largestRowShare)
        }
    }

    /// Evaluates rows together, once in each of the sizes that as many jobs share, which compiles their graphs.
    ///
    /// - Parameter onEach: called after each size; throw to stop.
    /// - Throws: what the backend throws, or `ModelError` for a shape that the verifier does not take.
    public func warmUp(jobs: Int, at shape: LatentShape, onEach: () throws -> Void) throws {
        try studio.withLock { studio in
            let grey = Latent.zero(shape)
            let prompt = try studio.text.unconditional()
            // One row each, where the model takes such.
            let isUnguided = (try? models.verifier.manifest.guidance.check(1)) != nil
            let row = StudioDenoiser.Row(
                state: grey, time: 1, prompt: prompt, guidance: isUnguided ? 1 : Double(standardGuidance))
            for size in try studio.denoiser.batchSizes(for: shape).upTo(jobs) {
                _ = try studio.denoiser.velocities(Array(repeating: row, count: size), unconditional: prompt)
                try onEach()
            }
        }
    }

    /// Whether the verifier names sizes that it was trained for; without one its pace cannot be measured beforehand.
    public var listsSizes: Bool { catalogue.contains { !$0.latentShapes.isEmpty } }

    /// `catalogue` with the pace of its one model.
    public func catalogue(pace: VerifierPace?) -> [VerifierModel] {
        catalogue.map { model in
            var model = model
            model.pace = pace
            return model
        }
    }

    private static let warmUpSteps = 6

    /// - Parameter isChecked: of a draft of one grey picture; else of the verifier alone.
    private func warmUpJob(at shape: LatentShape?, isChecked: Bool) throws -> VerificationJob {
        guard let model = catalogue.first, let draft = model.drafts.first,
            let shape = shape ?? model.latentShapes.first, let id = JobID("warm-up")
        else { throw VerifierError(.invalidJob, "the verifier lists no picture size") }
        let grey = Latent.zero(shape)
        return VerificationJob(
            id: id, draft: draft, verifier: model.identity, prompt: "warm up", guidanceScale: standardGuidance,
            latentShape: shape, stepCount: Self.warmUpSteps, scheduleShift: 1,
            handoffStep: isChecked ? Self.warmUpSteps - 1 : 0, seed: 0, noise: .philox,
            mode: isChecked ? .handoff : .trust, checkThreshold: nil, result: .png,
            codedEstimate: isChecked ? try LatentCodec().encode(grey) : [])
    }
}
