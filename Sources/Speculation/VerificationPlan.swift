public import Diffusion

/// What there is to do for one job, known before the first evaluation.
///
/// A scheduler that batches rows of several jobs asks for `probes`, evaluates them as it likes and gives the velocities
/// to `refinement`; `HandoffVerifier` does the same for one job.
public struct VerificationPlan: Hashable, Sendable {
    /// The rows of the one batch that checks a draft.
    public struct ProbeBatch: Hashable, Sendable {
        /// One state for each level, by rising noise; empty if nothing is checked.
        public let states: [Latent]
        public let times: [Double]
    }

    public let schedule: FlowSchedule
    public let handoffStep: Int
    /// The step at which the work ends: N unless the job stops before.
    public let lastStep: Int
    /// ξ: the seed's noise.
    public let noise: Latent
    /// Nil in mode `trust` and where the draft took no step.
    public let check: DraftCheck?

    /// Plans `job` for a verifier that was calibrated at `levels`.
    ///
    /// - Parameter levels: the manifest's levels; the job's own threshold, if it has one, replaces theirs.
    /// - Throws: `invalidJob` for a schedule, hand-off step or threshold out of range, and if there is
    ///   neither a level nor a threshold to check by.
    public init(job: VerificationJob, levels: [CheckLevel]) throws(VerifierError) {
        do throws(DiffusionError) {
            self.schedule = try FlowSchedule(stepCount: job.stepCount, shift: job.scheduleShift)
        } catch {
            throw VerifierError(.invalidJob, error.description)
        }
        guard (0...job.stepCount).contains(job.handoffStep) else {
            throw VerifierError(
                .invalidJob,
                "hand-off step \(job.handoffStep) is not in 0…\(job.stepCount); send a step of the schedule")
        }
        guard (job.handoffStep...job.stepCount).contains(job.lastStep), job.lastStep > 0 else {
            throw VerifierError(
                .invalidJob,
                "stop step \(job.lastStep) is not in \(max(job.handoffStep, 1))…\(job.stepCount); send a later one")
        }
        self.handoffStep = job.handoffStep
        self.lastStep = job.lastStep
        switch job.noise {
        case .philox:
            self.noise = NoiseGenerator(seed: job.seed).latent(job.latentShape, stream: 0)
        }
        switch job.mode {
        case .handoff where job.handoffStep > 0:
            self.check = DraftCheck(
                schedule: schedule, handoffStep: handoffStep, levels: try Self.levels(levels, of: job))
        case .handoff, .trust, .exact:
            self.check = nil
        }
    }

    /// The states whose velocities the check needs.
    ///
    /// - Parameter estimate: the draft's s; nil only if the hand-off step is 0, where it is not looked at.
    /// - Throws: `invalidLatent` if it is missing, not finite or of another shape.
    public func probes(of estimate: Latent?) throws(VerifierError) -> ProbeBatch {
        guard let estimate = try validated(estimate), let check else { return ProbeBatch(states: [], times: []) }
        return ProbeBatch(
            states: check.states(estimate: estimate, noise: noise), times: check.probes.map(\.time))
    }

    /// Where to go on, from the verifier's velocities at the probes.
    ///
    /// - Throws: `invalidLatent` as `probes`.
    /// - Precondition: one velocity of the job's shape for each probe, in order.
    public func refinement(
        of estimate: Latent?, probes: ProbeBatch, velocities: [Latent]
    ) throws(VerifierError) -> Refinement {
        guard let estimate = try validated(estimate) else { return start(at: 0, state: noise) }
        guard let check else {
            let time = schedule.times[handoffStep]
            return start(
                at: handoffStep, state: noisedState(picture: estimate, noise: noise, time: time))
        }
        let readings = check.readings(estimate: estimate, states: probes.states, velocities: velocities)
        let step = ReentryRule.step(for: readings)
        guard let row = readings.firstIndex(where: { $0.step == step }) else {
            return start(at: 0, state: noise, readings: readings)
        }
        return start(
            at: step, state: probes.states[row], readings: readings, firstVelocity: velocities[row])
    }

    private func start(
        at step: Int, state: Latent, readings: [LevelReading] = [], firstVelocity: Latent? = nil
    ) -> Refinement {
        Refinement(
            readings: readings, startStep: step, startState: state, firstVelocity: firstVelocity,
            lastStep: lastStep, stepCount: schedule.stepCount)
    }

    /// The estimate if the job has one; nil at hand-off step 0.
    private func validated(_ estimate: Latent?) throws(VerifierError) -> Latent? {
        guard handoffStep > 0 else { return nil }
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

    private static func levels(
        _ levels: [CheckLevel], of job: VerificationJob
    ) throws(VerifierError) -> [CheckLevel] {
        guard let threshold = job.checkThreshold else {
            guard !levels.isEmpty else {
                throw VerifierError(
                    .invalidJob, "this verifier has no calibrated check; send a check threshold or use mode trust")
            }
            return levels
        }
        // The hand-off is checked even by a verifier without levels.
        let times = levels.isEmpty ? [0] : levels.map(\.time)
        do throws(SpeculationError) {
            var replaced: [CheckLevel] = []
            for time in times {
                replaced.append(try CheckLevel(time: time, threshold: threshold))
            }
            return replaced
        } catch {
            throw VerifierError(.invalidJob, error.description)
        }
    }
}
