import Diffusion
import Models
public import Speculation

extension PictureVerifier {
    /// Makes two short pictures from noise and says how fast the second went; the first one compiles the graphs.
    ///
    /// - Throws: what the backend throws, or `VerifierError` if the models cannot be used.
    public func measurePace() throws -> VerifierPace {
        let job = try warmUpJob()
        _ = try execute(job) { _ in }
        guard let pace = VerifierPace(try execute(job) { _ in }.telemetry) else {
            throw VerifierError(.internalFailure, "the verifier's clock does not run; is this machine suspended?")
        }
        return pace
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

    private func warmUpJob() throws(VerifierError) -> VerificationJob {
        guard let model = catalogue.first, let draft = model.drafts.first, let shape = model.latentShapes.first,
            let id = JobID("warm-up")
        else { throw VerifierError(.invalidJob, "the verifier lists no picture size") }
        return VerificationJob(
            id: id, draft: draft, verifier: model.identity, prompt: "warm up", guidanceScale: standardGuidance,
            latentShape: shape, stepCount: Self.warmUpSteps, scheduleShift: 1, handoffStep: 0, seed: 0,
            noise: .philox, mode: .trust, checkThreshold: nil, result: .png, codedEstimate: [])
    }
}
