import Diffusion
import LatentCoding
import Speculation

/// A job for the mixture, and the estimate that a draft makes for it.
func mixtureJob(
    mode: SpeculationMode = .handoff, stepCount: Int = 25, handoffStep: Int = 20, seed: UInt64 = 1,
    checkThreshold: Float? = nil
) -> VerificationJob {
    let digest = String(repeating: "0", count: 64)
    guard let id = JobID("job") else { preconditionFailure("the id is allowed") }
    return VerificationJob(
        id: id, draft: ModelIdentity(id: "draft", weightsDigest: digest),
        verifier: ModelIdentity(id: "verifier", weightsDigest: digest), prompt: "a mug", guidanceScale: 3,
        latentShape: MixtureFlow.shape, stepCount: stepCount, scheduleShift: 3, handoffStep: handoffStep,
        seed: seed, noise: .philox, mode: mode, checkThreshold: checkThreshold, result: .latent,
        codedEstimate: [])
}

/// Levels for the mixture: its own drafts stay well below, other pictures well above.
func mixtureLevels() throws -> [CheckLevel] {
    try [0.6, 0.75].map { try CheckLevel(time: $0, threshold: 0.3) }
}

func noise(of job: VerificationJob) -> Latent {
    NoiseGenerator(seed: job.seed).latent(job.latentShape, stream: 0)
}

/// s_n of a draft that runs the job's first steps.
func draftEstimate(_ job: VerificationJob, with draft: MixtureFlow = MixtureFlow()) throws -> Latent {
    var draft = draft
    let schedule = try FlowSchedule(stepCount: job.stepCount, shift: job.scheduleShift)
    let state = try FlowTrajectory(schedule).run(0..<job.handoffStep, from: noise(of: job), with: &draft)
    return try SeedResidual.estimate(
        state: state, noise: noise(of: job), time: schedule.times[job.handoffStep])
}

/// What the verifier makes without a draft.
func verifierOnly(_ job: VerificationJob) throws -> Latent {
    var model = MixtureFlow()
    let schedule = try FlowSchedule(stepCount: job.stepCount, shift: job.scheduleShift)
    return try FlowTrajectory(schedule).run(0..<job.stepCount, from: noise(of: job), with: &model)
}
