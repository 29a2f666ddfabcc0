import Diffusion
import LatentCoding
import Speculation
import Testing

/// A job for the mixture, and the estimate that a draft makes for it.
func mixtureJob(
    mode: SpeculationMode = .handoff, stepCount: Int = 25, verifierStepCount: Int? = nil, handoffStep: Int = 20,
    seed: UInt64 = 1, checkThreshold: Float? = nil
) -> VerificationJob {
    let digest = String(repeating: "0", count: 64)
    guard let id = JobID("job") else { preconditionFailure("the id is allowed") }
    return VerificationJob(
        id: id, draft: ModelIdentity(id: "draft", weightsDigest: digest),
        verifier: ModelIdentity(id: "verifier", weightsDigest: digest), prompt: "a mug", guidanceScale: 3,
        latentShape: MixtureFlow.shape, stepCount: stepCount, scheduleShift: 3, handoffStep: handoffStep,
        seed: seed, noise: .philox, mode: mode, checkThreshold: checkThreshold, result: .latent,
        codedEstimate: [], verifierStepCount: verifierStepCount)
}

/// A rule for the mixture without a question about the prompt: its own drafts stay well below, other pictures well
/// above.
func mixtureRule() throws -> CheckRule {
    try CheckRule(distance: 0.3, times: [0.6, 0.75])
}

/// A calibration whose thresholds follow the quantile: at 0.95 a distance of 0.3, at the least 0.3 + 0.1.
///
/// - Parameter likeness: whether a critic was asked whose pictures they are; of the verifier's own p lie below p and p − 0.5.
func calibration(
    draft: String = String(repeating: "0", count: 64), likeness: Bool = false
) throws -> CheckCalibration {
    func table(_ low: Double, _ high: Double) throws -> QuantileTable {
        try #require(
            QuantileTable(values: QuantileTable.probabilities.map { low + ($0 - 0.05) * (high - low) / 0.95 }))
    }
    return CheckCalibration(
        draft: draft, critic: likeness ? String(repeating: "2", count: 64) : nil, samples: 500, guidance: 3,
        stepCount: 25, handoffStep: 20, quantile: 0.95,
        prompt: CheckCalibration.Prompt(
            times: [0.7, 0.9], null: try table(-0.5, 0), draft: try table(-0.2, 0.2),
            draftFaults: ["color": try table(0.4, 1.2), "object": try table(0.6, 1.4)],
            verifierFaults: ["color": try table(0.2, 1)]),
        levels: try [0.4, 0.6, 0.75].map {
            CheckCalibration.Level(
                time: $0, null: try table(0.1, 0.2), draft: try table(0.15, likeness ? 4 : 0.25),
                noiseFaults: try table(0.3, 0.4))
        },
        likeness: likeness
            ? CheckCalibration.Likeness(
                rejectedShare: 0.1,
                levels: try [(0.43, 0.0), (0.8, -0.5)].map { time, offset in
                    CheckCalibration.Likeness.Level(
                        time: time, null: try table(0.05 + offset, 1 + offset), draft: try table(1, 4))
                }) : nil)
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

/// What the verifier makes of its own state at the job's hand-off, from where it walks on without knowing how it came there.
func verifierFromItsOwnHandoff(_ job: VerificationJob) throws -> Latent {
    var model = MixtureFlow()
    let schedule = try FlowSchedule(stepCount: job.stepCount, shift: job.scheduleShift)
    let trajectory = FlowTrajectory(schedule)
    let state = try trajectory.run(0..<job.handoffStep, from: noise(of: job), with: &model)
    return try trajectory.run(job.handoffStep..<job.stepCount, from: state, with: &model)
}

/// What the verifier makes without a draft.
func verifierOnly(_ job: VerificationJob) throws -> Latent {
    var model = MixtureFlow()
    let schedule = try FlowSchedule(stepCount: job.verifierStepCount, shift: job.scheduleShift)
    return try FlowTrajectory(schedule).run(0..<job.verifierStepCount, from: noise(of: job), with: &model)
}
