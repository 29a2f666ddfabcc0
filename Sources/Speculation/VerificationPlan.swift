public import Diffusion

/// What there is to do for one job, known before the first evaluation.
///
/// `VerificationCourse` does it.
public struct VerificationPlan: Hashable, Sendable {
    public let handoff: HandoffPlan
    /// The step of the verifier's schedule at which the work ends: N unless the job stops before.
    public let lastStep: Int
    /// ξ: the seed's noise.
    public let noise: Latent
    /// What the draft is held to; nil in mode `trust` and where the draft took no step.
    public let rule: CheckRule?

    /// Plans `job` for a verifier.
    ///
    /// - Parameter calibration: the verifier's check; the job's own threshold, if it has one, replaces it.
    /// - Throws: `invalidJob` for a schedule, hand-off step or dial of the check out of range, and if there is
    ///   neither a calibration nor a threshold to check by.
    public init(job: VerificationJob, calibration: CheckCalibration?) throws(VerifierError) {
        switch job.mode {
        case .handoff where job.handoffStep > 0:
            try self.init(job: job, rule: Self.rule(calibration, of: job))
        case .handoff, .trust, .exact:
            try self.init(job: job, rule: nil)
        }
    }

    /// Plans `job` with a draft held to `rule`, or to nothing.
    ///
    /// - Throws: `invalidJob` for a schedule or a hand-off step out of range.
    public init(job: VerificationJob, rule: CheckRule?) throws(VerifierError) {
        do throws(SpeculationError) {
            handoff = try HandoffPlan(of: job)
        } catch {
            throw VerifierError(.invalidJob, error.description)
        }
        let lastSteps = max(handoff.entryStep, 1)...job.verifierStepCount
        guard lastSteps.contains(job.lastStep) else {
            throw VerifierError(
                .invalidJob,
                "stop step \(job.lastStep) is not in \(lastSteps.lowerBound)…\(lastSteps.upperBound); send a later one")
        }
        self.lastStep = job.lastStep
        self.rule = rule
        switch job.noise {
        case .philox:
            self.noise = NoiseGenerator(seed: job.seed).latent(job.latentShape, stream: 0)
        }
    }

    /// The check of a draft, ready for its first batch; nil where nothing is checked.
    ///
    /// - Parameter estimate: the draft's s; nil only if the hand-off step is 0, where it is not looked at.
    /// - Throws: `invalidLatent` if it is missing, not finite or of another shape.
    public func check(of estimate: Latent?) throws(VerifierError) -> DraftCheck? {
        guard let estimate = try validated(estimate), let rule else { return nil }
        return DraftCheck(
            estimate: estimate, noise: noise, schedule: handoff.entrySchedule, handoffStep: handoff.entryStep,
            rule: rule)
    }

    /// Where to go on, once the check is decided.
    ///
    /// - Throws: `invalidLatent` as `check`.
    /// - Precondition: the check is decided, or nil as `check` gave it.
    public func refinement(of estimate: Latent?, after check: DraftCheck?) throws(VerifierError) -> Refinement {
        guard let estimate = try validated(estimate) else { return start(at: 0, state: noise) }
        guard let check else {
            return start(
                at: handoff.entryStep,
                state: noisedState(picture: estimate, noise: noise, time: handoff.handoffTime))
        }
        switch check.decision {
        case .enter(let step, let state, let velocity):
            return start(at: step, state: state, after: check, firstVelocity: velocity)
        case .drop:
            return start(at: 0, state: noise, after: check)
        case nil:
            preconditionFailure("the check is not decided")
        }
    }

    private func start(
        at step: Int, state: Latent, after check: DraftCheck? = nil, firstVelocity: Latent? = nil
    ) -> Refinement {
        Refinement(
            readings: check?.readings ?? [], checkEvaluations: check?.evaluationCount ?? 0,
            schedule: handoff.schedule(enteredAt: step), startStep: step, startState: state,
            firstVelocity: firstVelocity, lastStep: lastStep)
    }

    /// The estimate if the job has one; nil at hand-off step 0.
    private func validated(_ estimate: Latent?) throws(VerifierError) -> Latent? {
        guard !handoff.isVerifierAlone else { return nil }
        guard let estimate else {
            throw VerifierError(
                .invalidLatent, "the job has no latent; send the draft's estimate or hand off at step 0")
        }
        guard estimate.shape == noise.shape else {
            throw VerifierError(
                .invalidLatent,
                "the latent is \(estimate.shape) and the job says \(noise.shape); send one of that shape")
        }
        guard estimate.isFinite else {
            throw VerifierError(.invalidLatent, "the latent holds NaN or infinity; check the draft that made it")
        }
        return estimate
    }

    /// The rule for a job: the verifier's calibration with the job's own dials.
    private static func rule(
        _ calibration: CheckCalibration?, of job: VerificationJob
    ) throws(VerifierError) -> CheckRule {
        do throws(SpeculationError) {
            if let threshold = job.checkThreshold {
                // Even a verifier without a calibration can be held to a number.
                return try CheckRule(
                    distance: threshold, times: job.checkLevels ?? calibration?.levels.map(\.time) ?? [])
            }
            if let calibration {
                return try CheckRule(
                    calibration, draft: job.draft.weightsDigest, quantile: job.checkQuantile,
                    likenessShare: job.checkLikeness, times: job.checkLevels)
            }
        } catch {
            throw VerifierError(.invalidJob, error.description)
        }
        throw VerifierError(
            .invalidJob,
            "this verifier has no check that this version understands; calibrate it with `underpaint lab calibrate`, "
                + "send a check threshold, or use mode trust")
    }
}
