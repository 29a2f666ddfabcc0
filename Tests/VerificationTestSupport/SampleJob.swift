public import Diffusion
public import Speculation

/// Jobs for tests: valid unless a test breaks them.
public enum SampleJob {
    public static let draft = ModelIdentity(
        id: "studio-draft", weightsDigest: String(repeating: "a1", count: 32))
    public static let verifier = ModelIdentity(
        id: "studio-verifier", weightsDigest: String(repeating: "0f", count: 32))
    public static let latentShape = LatentShape(height: 16, width: 24, channelCount: 8)

    /// The job of `Protocol/golden/wire-request.txtpb`, under any id.
    public static func make(id: String = "golden-1_A", seed: UInt64 = 18_446_744_073_709_551_613)
        -> VerificationJob
    {
        VerificationJob(
            id: jobID(id), draft: draft, verifier: verifier, prompt: "a red ceramic mug, étagère",
            guidanceScale: 3.5, latentShape: latentShape, stepCount: 25, scheduleShift: 3, handoffStep: 20,
            seed: seed, noise: .philox, mode: .handoff, checkThreshold: 0.25, result: .png,
            codedEstimate: [0, 1, 0xFE, 0xFF] + Array("zstd".utf8))
    }

    /// The job of `Protocol/golden/wire-request-exact.txtpb`: a window of an edge that drafts.
    public static func makeWindow() -> VerificationJob {
        var job = make(id: "golden-1_A-2")
        job.mode = .exact
        job.checkThreshold = nil
        job.codedEstimate = []
        job.exact = ExactOptions(
            window: .fixed(4), placement: .edge, draft: .model, correction: .ahead,
            exchange: WindowExchange(
                chain: jobID("golden-1_A"), index: 2, firstStep: 5,
                codedPictures: [[0, 1, 0xFE, 0xFF], Array("zstd".utf8)]))
        return job
    }

    /// An id that is known to be well-formed.
    public static func jobID(_ text: String) -> JobID {
        guard let id = JobID(text) else { preconditionFailure("\(text) is no job id") }
        return id
    }

    /// A model list with the one pair of `make`.
    public static let models = [
        VerifierModel(
            identity: verifier, drafts: [draft],
            latentShapes: [LatentShape(height: 16, width: 16, channelCount: 8)])
    ]
}
