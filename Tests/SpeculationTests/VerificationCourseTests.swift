import Diffusion
import LatentCoding
import Speculation
import Testing

struct VerificationCourseTests {
    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func aDraftEqualToTheVerifierPassesAndLeavesItsPicture(seed: UInt64) throws {
        let job = mixtureJob(seed: seed)
        let (latent, refinement, model) = try verify(job, estimate: draftEstimate(job))
        #expect(refinement.startStep == 20)
        #expect(refinement.readings.map(\.step) == [20])
        #expect(rootMeanSquare(latent, try verifierFromItsOwnHandoff(job)) < 1e-5)
        // Five steps, the first of which the check has evaluated.
        #expect(refinement.verifierEvaluations == 5)
        #expect(model.evaluations == 5)
        #expect(model.batches == 5)
    }

    @Test func theCodedEstimateIsJustAsGood() throws {
        let job = mixtureJob()
        let frame = try LatentCodec().encode(draftEstimate(job))
        let estimate = try LatentCodec.decode(frame, expecting: job.latentShape)
        let (latent, refinement, _) = try verify(job, estimate: estimate)
        #expect(refinement.startStep == 20)
        // A step of 0.65 has a root mean square error of 0.19 deviations; refining leaves a third of it.
        #expect(rootMeanSquare(latent, try verifierOnly(job)) < 0.07)
    }

    @Test func noiseInTheEstimateIsRepairedFromAHigherLevel() throws {
        let job = mixtureJob()
        let (estimate, rule) = try noisyDraft(of: job)
        let (latent, refinement, model) = try verify(job, estimate: estimate, rule: rule)
        #expect((1..<20).contains(refinement.startStep))
        #expect(refinement.readings.first?.passes == false)
        var fresh = MixtureFlow()
        let time = try #require(refinement.readings.first { $0.step == refinement.startStep }?.time)
        #expect(refinement.firstVelocity == fresh.velocities([refinement.startState], at: [time])[0])
        #expect(rootMeanSquare(latent, try verifierOnly(job)) < 0.15)
        #expect(refinement.checkEvaluations == refinement.readings.count)
        #expect(refinement.verifierEvaluations == refinement.checkEvaluations + (25 - refinement.startStep) - 1)
        #expect(model.evaluations == refinement.verifierEvaluations)
    }

    @Test func aPictureThatTheVerifierDoesNotKnowIsDropped() throws {
        let job = mixtureJob()
        var stranger = MixtureFlow()
        stranger.centres = [NoiseGenerator(seed: 5000).latent(job.latentShape, stream: 0)]
        let (latent, refinement, model) = try verify(job, estimate: draftEstimate(job, with: stranger))
        #expect(refinement.startStep == 0)
        #expect(refinement.startState == noise(of: job))
        // To the bit what the verifier makes alone.
        #expect(latent == (try verifierOnly(job)))
        #expect(model.evaluations == 28)
        #expect(refinement.verifierEvaluations == 28)
    }

    @Test func theEstimateOfAnotherSeedIsNoticed() throws {
        let job = mixtureJob(seed: 1)
        // A threshold that nothing meets, so that all levels are read.
        let none = try CheckRule(distance: 0, times: [0.6, 0.75])
        let own = try verify(job, estimate: draftEstimate(job), rule: none).refinement.readings
        // The verifier answers with the picture that this seed's noise leads to, so even its own of another is off.
        let others = try (2..<12).map { seed in
            try verify(job, estimate: draftEstimate(mixtureJob(seed: seed)), rule: none).refinement.readings
        }
        for readings in others {
            #expect((readings.last?.statistic ?? .nan) > (own.last?.statistic ?? .nan))
        }
    }

    @Test(arguments: 0..<4)
    func aPictureOfThePromptPassesAndAPictureOfAnotherIsDropped(component: Int) throws {
        let job = mixtureJob(seed: 3)
        let rule = try CheckRule(
            distances: [CheckLevel(time: 0.5, threshold: 0.6)], times: [0.6],
            prompt: CheckRule.Prompt(times: [0.7, 0.9], threshold: 0.5))
        var own = MixtureFlow()
        own.prompted = component
        let estimate = try draftEstimate(job, with: own)
        let good = try verify(job, estimate: estimate, rule: rule, prompted: component)
        #expect(good.refinement.startStep == 20)
        #expect(good.refinement.readings.map(\.kind) == [.promptShortfall, .estimateDistance])
        // The hand-off and two levels of the prompt in one batch, then four more steps.
        #expect(good.model.evaluations == 7 && good.model.batches == 5)
        #expect(good.refinement.verifierEvaluations == 7)
        let asked = (component + 1) % 4
        let wrong = try verify(job, estimate: estimate, rule: rule, prompted: asked)
        #expect(wrong.refinement.startStep == 0)
        #expect(wrong.refinement.readings.map(\.kind) == [.promptShortfall])
        #expect(wrong.refinement.verifierEvaluations == 28 && wrong.model.evaluations == 28)
        var alone = MixtureFlow()
        alone.prompted = asked
        let schedule = try FlowSchedule(stepCount: 25, shift: 3)
        // To the bit what the verifier makes of the prompt alone.
        #expect(try FlowTrajectory(schedule).run(0..<25, from: noise(of: job), with: &alone) == wrong.latent)
    }

    @Test func trustRefinesFromTheHandoffWithoutACheck() throws {
        let job = mixtureJob(mode: .trust)
        let (latent, refinement, model) = try verify(job, estimate: draftEstimate(job))
        #expect(refinement.readings.isEmpty)
        #expect(refinement.startStep == 20)
        #expect(model.evaluations == 5)
        #expect(refinement.verifierEvaluations == 5)
        #expect(rootMeanSquare(latent, try verifierFromItsOwnHandoff(job)) < 1e-5)
    }

    /// The draft takes 20 of its 25 steps, the verifier what is left of its own eight.
    @Test func aVerifierWithStepsOfItsOwnGoesOnFromTheHandoffsTime() throws {
        let job = mixtureJob(verifierStepCount: 8)
        #expect(job.entryStep == 6)
        let (latent, refinement, model) = try verify(job, estimate: draftEstimate(job))
        #expect(refinement.startStep == 6 && refinement.readings.map(\.step) == [6])
        #expect(refinement.readings.first?.time == (try FlowSchedule(stepCount: 25, shift: 3).times[20]))
        #expect(model.evaluations == 2 && refinement.verifierEvaluations == 2)
        let telemetry = refinement.telemetry(stages: [], receivedBytes: 0)
        #expect(telemetry.reentryStep == 6 && telemetry.verifierOnlyEvaluations == 8)
        // From the draft's state, by steps at the hand-off's time and at the last of the eight.
        var fresh = MixtureFlow()
        let plan = try HandoffPlan(of: job)
        let state = noisedState(picture: try draftEstimate(job), noise: noise(of: job), time: plan.handoffTime)
        #expect(latent == (try FlowTrajectory(plan.entrySchedule).run(6..<8, from: state, with: &fresh)))
        #expect(
            try verify(mixtureJob(mode: .trust, verifierStepCount: 8), estimate: draftEstimate(job)).latent == latent)
    }

    /// A whole picture has no noise to check it by, so it is checked one step before its end.
    @Test func aWholeDraftThatPassesIsAccepted() throws {
        let job = mixtureJob(handoffStep: 25)
        let (_, refinement, _) = try verify(job, estimate: draftEstimate(job))
        #expect(refinement.startStep == 24 && job.entryStep == 24)
        #expect(mixtureJob(mode: .trust, handoffStep: 25).entryStep == 25)
        var tally = SpeculationTally()
        tally.add(refinement.telemetry(stages: [], receivedBytes: 0), entryStep: job.entryStep)
        #expect(tally.acceptedCount == 1 && tally.correctedCount == 0)
        // A single step leaves none to check it at.
        for (mode, isAllowed) in [(SpeculationMode.handoff, false), (.trust, true)] {
            var single = mixtureJob(mode: mode, verifierStepCount: 1, handoffStep: 25)
            single.codedEstimate = try LatentCodec().encode(draftEstimate(job))
            #expect(((try? single.validate()) != nil) == isAllowed)
        }
    }

    /// The check has cost an evaluation though no step is left that it would be the first of.
    @Test func aJobThatStopsAtItsHandoffHasCostItsCheck() throws {
        var job = mixtureJob()
        job.stopStep = 20
        let (_, refinement, model) = try verify(job, estimate: draftEstimate(job))
        #expect(refinement.startStep == 20 && refinement.refiningStepCount == 0)
        let telemetry = refinement.telemetry(stages: [], receivedBytes: 0)
        #expect(telemetry.verifierEvaluations == 1 && model.evaluations == 1)
        #expect(telemetry.verifierOnlyEvaluations == 20)
    }

    @Test func aDroppedDraftLeavesWhatTheVerifiersOwnStepsMake() throws {
        let job = mixtureJob(verifierStepCount: 8)
        var stranger = MixtureFlow()
        stranger.centres = [NoiseGenerator(seed: 5000).latent(job.latentShape, stream: 0)]
        let (latent, refinement, model) = try verify(job, estimate: draftEstimate(job, with: stranger))
        #expect(refinement.startStep == 0)
        #expect(latent == (try verifierOnly(job)))
        // The hand-off, two levels, and the eight steps.
        #expect(model.evaluations == 11 && refinement.verifierEvaluations == 11)
    }

    /// Above the hand-off the verifier's schedule is its own: none of its steps begins at the hand-off's time.
    @Test func aCorrectedDraftIsTakenUpOnTheVerifiersOwnSchedule() throws {
        let job = mixtureJob(verifierStepCount: 8)
        let (estimate, rule) = try noisyDraft(of: job)
        let (latent, refinement, _) = try verify(job, estimate: estimate, rule: rule)
        let step = refinement.startStep
        #expect((1..<6).contains(step))
        let schedule = try FlowSchedule(stepCount: 8, shift: 3)
        var fresh = MixtureFlow()
        let state = noisedState(picture: estimate, noise: noise(of: job), time: schedule.times[step])
        #expect(latent == (try FlowTrajectory(schedule).run(step..<8, from: state, with: &fresh)))
        #expect(refinement.verifierEvaluations == refinement.checkEvaluations + (8 - step) - 1)
    }

    @Test func handoffAtStepZeroIsTheVerifierAlone() throws {
        let job = mixtureJob(handoffStep: 0)
        let (latent, refinement, model) = try verify(job, estimate: nil)
        #expect(latent == (try verifierOnly(job)))
        #expect(refinement.readings.isEmpty)
        #expect(model.evaluations == 25)
    }

    @Test func aDraftThatTookEveryStepIsCheckedOneStepBack() throws {
        let job = mixtureJob(handoffStep: 25)
        let (latent, refinement, _) = try verify(job, estimate: draftEstimate(job))
        #expect(refinement.readings.first?.step == 24)
        #expect(refinement.startStep == 24)
        #expect(rootMeanSquare(latent, try verifierOnly(job)) < 0.1)
        let trusted = mixtureJob(mode: .trust, handoffStep: 25)
        let estimate = try draftEstimate(trusted)
        let kept = try verify(trusted, estimate: estimate)
        #expect(kept.latent == estimate)
        #expect(kept.model.evaluations == 0)
    }

    @Test(arguments: [Float.nan, .infinity])
    func aVerifierThatAnswersNoNumbersDoesNotPassTheDraft(value: Float) throws {
        let job = mixtureJob()
        var model = MixtureFlow()
        model.fault = (row: 0, value: value)
        var course = try course(of: job)
        while course.refinement == nil, let questions = course.next {
            _ = try course.take(model.checkedAnswers(to: questions))
        }
        #expect(course.refinement?.startStep == 0)
        #expect(course.refinement?.firstVelocity == nil)
        #expect(throws: DiffusionError.notFinite(step: 0)) { try course.run(with: &model) }
    }

    @Test func estimatesThatAreNoLatentOfTheJobAreRefused() throws {
        for mode in SpeculationMode.allCases {
            let job = mixtureJob(mode: mode)
            var broken = try draftEstimate(job)
            broken.values[9] = .nan
            let small = NoiseGenerator(seed: 1).latent(
                LatentShape(height: 8, width: 8, channelCount: 2), stream: 0)
            for estimate in [broken, small, nil] {
                let error = #expect(throws: VerifierError.self) { try verify(job, estimate: estimate) }
                #expect(error?.code == .invalidLatent)
            }
        }
    }

    @Test func eventsTellTheWholeWayInOrder() throws {
        let job = mixtureJob()
        var events: [VerificationEvent] = []
        var course = try course(of: job)
        var model = MixtureFlow()
        _ = try course.run(with: &model) { events.append($0) }
        let refinement = try #require(course.refinement)
        let steps = (1...5).map { VerificationEvent.refined(done: $0, total: 5) }
        #expect(events == [.checked(levels: refinement.readings, reentryStep: 20)] + steps)
        let stages = [StageTime(name: "check", milliseconds: 1)]
        let telemetry = refinement.telemetry(stages: stages, receivedBytes: 900)
        #expect(
            telemetry
                == VerificationTelemetry(
                    levels: refinement.readings, reentryStep: 20, verifierEvaluations: 5,
                    verifierOnlyEvaluations: 25, stages: stages, receivedBytes: 900))
    }

    @Test(arguments: [0, 1, 3])
    func throwingFromAReportStopsTheJob(after eventCount: Int) throws {
        struct Cancelled: Error {}
        let job = mixtureJob()
        var course = try course(of: job)
        var model = MixtureFlow()
        var seen = 0
        #expect(throws: Cancelled.self) {
            try course.run(with: &model) { _ in
                if seen == eventCount { throw Cancelled() }
                seen += 1
            }
        }
        // One row of the check, which is the first step's too.
        #expect(model.evaluations == 1 + max(0, eventCount - 1))
    }

    /// An estimate with noise of .4 in it. The verifier sees that as d ≈ .4 at every level: the rule's thresholds, which
    /// rise with t, let it in higher up.
    private func noisyDraft(of job: VerificationJob) throws -> (estimate: Latent, rule: CheckRule) {
        let levels = [
            try CheckLevel(time: 0.43, threshold: 0.2), try CheckLevel(time: 0.7, threshold: 0.5),
            try CheckLevel(time: 0.85, threshold: 0.9),
        ]
        var estimate = try draftEstimate(job)
        let fault = NoiseGenerator(seed: 77).latent(job.latentShape, stream: 0)
        for i in estimate.values.indices { estimate.values[i] += 0.4 * fault.values[i] }
        return (estimate, try CheckRule(distances: levels, times: levels.map(\.time)))
    }

    @discardableResult
    private func verify(
        _ job: VerificationJob, estimate: Latent?, rule: CheckRule? = nil, prompted: Int? = nil
    ) throws -> (latent: Latent, refinement: Refinement, model: MixtureFlow) {
        let rule = job.mode == .handoff && job.handoffStep > 0 ? try rule ?? mixtureRule() : nil
        var model = MixtureFlow()
        model.prompted = prompted
        var course = try VerificationCourse(plan: VerificationPlan(job: job, rule: rule), estimate: estimate)
        let latent = try course.run(with: &model)
        return (latent, try #require(course.refinement), model)
    }

    /// A checked job with a good draft.
    private func course(of job: VerificationJob) throws -> VerificationCourse {
        try VerificationCourse(
            plan: VerificationPlan(job: job, rule: try mixtureRule()), estimate: try draftEstimate(job))
    }
}
