import Diffusion
import LatentCoding
import Models
import Speculation

/// A job that is under way: where it is and what it has cost.
struct JobCourse {
    let job: VerificationJob
    private let prompt: Conditioning
    private var course: VerificationCourse
    private let began: ContinuousClock.Instant
    private(set) var stages: StageClock
    /// Whether another job was under way for a part of its time.
    var hadCompany = false

    init(
        _ job: VerificationJob, _ course: VerificationCourse, prompt: Conditioning, stages: StageClock,
        began: ContinuousClock.Instant
    ) {
        self.job = job
        self.course = course
        self.prompt = prompt
        self.stages = stages
        self.began = began
    }

    /// Whether there is nothing left to ask.
    var isAtEnd: Bool { course.next == nil }

    /// What it asks of the verifier or its critic now; nothing at its end.
    var rows: [StudioDenoiser.Row] {
        (course.next ?? []).map { StudioDenoiser.Row($0, prompt: prompt, guidance: Double(job.guidanceScale)) }
    }

    /// Takes what the verifier answered.
    ///
    /// - Throws: as `VerificationCourse.take`.
    mutating func take(_ evaluation: PictureVerifier.Evaluation) throws -> [VerificationEvent] {
        stages.prepare(evaluation.preparation)
        stages.add(evaluation.duration, to: course.refinement == nil ? "check" : "refine")
        return try course.take(evaluation.answers)
    }

    /// Counts what of the time until now was the others'.
    mutating func settle() {
        guard hadCompany else { return }
        let own = stages.times.reduce(Duration.zero) { $0 + .milliseconds($1.milliseconds) }
        stages.add(max(.zero, ContinuousClock.now - began - own), to: VerificationTelemetry.othersStage)
    }

    /// The picture in the state of the job's last step: the state itself at the end of the schedule. With how the job was
    /// judged; nil while it is under way.
    var ending: (latent: Latent, refinement: Refinement)? {
        get throws {
            guard let state = course.latent, let refinement = course.refinement else { return nil }
            let plan = course.plan
            guard plan.lastStep < refinement.schedule.stepCount else { return (state, refinement) }
            let estimate = try SeedResidual.estimate(
                state: state, noise: plan.noise, time: refinement.schedule.times[plan.lastStep])
            return (estimate, refinement)
        }
    }
}
