import Diffusion
import ExactWindows
import LatentCoding
import Models
import Speculation

extension PictureVerifier {
    /// What comes before the first evaluation.
    ///
    /// - Throws: `VerifierError`, or what the text encoder throws.
    func begin(_ job: VerificationJob) throws -> JobCourse {
        let began = ContinuousClock.now
        let estimate = try decodeEstimate(of: job)
        let course = try VerificationCourse(
            plan: VerificationPlan(job: job, calibration: calibration), estimate: estimate)
        var stages = StageClock()
        let prompt = try studio.withLock { studio in
            try stages.time("text") { try studio.text.encode(job.prompt).conditioning }
        }
        return JobCourse(job, course, prompt: prompt, stages: stages, began: began)
    }

    /// The answers to what a job asked.
    struct Evaluation {
        let answers: FlowAnswers
        /// The job's share of the time, by its evaluations.
        let duration: Duration
        /// And of what it took before to compile the graphs.
        let preparation: Duration
    }

    /// What jobs of one latent shape ask, in shared batches.
    ///
    /// - Throws: what the denoiser throws.
    func evaluate(_ courses: [JobCourse]) throws -> [Evaluation] {
        let askers = courses.map(\.rows)
        let (answers, whole, preparation) = try studio.withLock { studio in
            let (start, prepared) = (ContinuousClock.now, studio.denoiser.preparation)
            let answers = try studio.denoiser.answers(toEach: askers, unconditional: studio.text.unconditional())
            return (answers, ContinuousClock.now - start, studio.denoiser.preparation - prepared)
        }
        // Where only the critic was asked, all cost alike.
        let work = answers.map(\.evaluationCount)
        let (durations, preparations) = ((whole - preparation).shares(by: work), preparation.shares(by: work))
        return answers.indices.map {
            Evaluation(answers: answers[$0], duration: durations[$0], preparation: preparations[$0])
        }
    }

    /// Decodes and codes the result of a job that is at its end.
    ///
    /// - Parameter announce: is called before the decoder runs.
    func outcome(of course: JobCourse, announce: () throws -> Void) throws -> VerificationOutcome {
        try encoded(try decoded(course, announce: announce))
    }

    /// A job whose models' part is done.
    struct Decoded: Sendable {
        let job: VerificationJob
        let refinement: Refinement
        let result: RawResult
        var stages: StageClock
    }

    func decoded(_ course: JobCourse, announce: () throws -> Void) throws -> Decoded {
        guard let (latent, refinement) = try course.ending else { preconditionFailure("the job is not at its end") }
        // What another model goes on from is coded like a draft's estimate.
        let codec = course.job.lastStep < course.job.verifierStepCount ? models.shared.handoffCodec : .lossless
        var course = course
        course.settle()
        var stages = course.stages
        let result = try studio.withLock { studio in
            try studio.result(latent, for: course.job, codec: codec, &stages, announce: announce)
        }
        return Decoded(job: course.job, refinement: refinement, result: result, stages: stages)
    }

    func encoded(_ decoded: Decoded) throws -> VerificationOutcome {
        var stages = decoded.stages
        let payload = try stages.time("encode") { try decoded.result.payload() }
        return VerificationOutcome(
            payload: payload, result: decoded.job.result,
            telemetry: decoded.refinement.telemetry(
                stages: stages.times, receivedBytes: decoded.job.codedEstimate.count))
    }

    private func decodeEstimate(of job: VerificationJob) throws(VerifierError) -> Latent? {
        guard job.handoffStep > 0 else { return nil }
        let estimate: Latent
        do throws(LatentCodingError) {
            estimate = try LatentCodec.decode(job.codedEstimate, expecting: job.latentShape)
        } catch {
            throw VerifierError(.invalidLatent, error.description)
        }
        try estimate.checkReceived()
        return estimate
    }
}
