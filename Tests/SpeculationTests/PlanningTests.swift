import Diffusion
import Speculation
import Testing

struct PlanningTests {
    private let schedule: FlowSchedule

    init() throws {
        self.schedule = try FlowSchedule(stepCount: 25, shift: 3)
    }

    @Test func theEndsOfTheFractionAreOneModelAlone() throws {
        let alone = try HandoffPlan(schedule: schedule, fraction: 0)
        #expect(alone.isVerifierAlone && alone.draftSteps.isEmpty && alone.verifierSteps == 0..<25)
        let draft = try HandoffPlan(schedule: schedule, fraction: 1)
        #expect(draft.isDraftAlone && draft.draftSteps == 0..<25 && draft.verifierSteps.isEmpty)
        let usual = try HandoffPlan(schedule: schedule, fraction: 0.8)
        #expect(usual.handoffStep == 20 && usual.handoffTime == schedule.times[20])
        for fraction in [1e-9, 0.999999] {
            let plan = try HandoffPlan(schedule: schedule, fraction: fraction)
            #expect(!plan.isDraftAlone && !plan.isVerifierAlone)
        }
    }

    @Test func aVerifierWithStepsOfItsOwnTakesThoseThatAreLeft() throws {
        let plan = try HandoffPlan(schedule: schedule, verifierStepCount: 8, fraction: 0.8)
        #expect(plan.draftSteps == 0..<20 && plan.verifierSteps == 6..<8)
        #expect(plan.entrySchedule.times[6] == plan.handoffTime && plan.handoffTime == schedule.times[20])
        // Of those before the hand-off none has moved, for drafts that are taken up again there.
        #expect(plan.schedule(enteredAt: 5) == plan.verifierSchedule)
        #expect(plan.schedule(enteredAt: 6) == plan.entrySchedule && plan.entrySchedule != plan.verifierSchedule)
        #expect(try HandoffPlan(schedule: schedule, verifierStepCount: 8, fraction: 0).verifierSteps == 0..<8)
        #expect(try HandoffPlan(schedule: schedule, verifierStepCount: 8, fraction: 1).verifierSteps == 8..<8)
        #expect(try HandoffPlan(schedule: schedule, verifierStepCount: 1, fraction: 0).verifierSteps == 0..<1)
        #expect(throws: SpeculationError.noStepToEnter) {
            try HandoffPlan(schedule: schedule, verifierStepCount: 1, fraction: 0.8)
        }
        #expect(throws: SpeculationError.invalidSchedule(.stepCountOutOfRange(0))) {
            try HandoffPlan(schedule: schedule, verifierStepCount: 0, fraction: 0.8)
        }
        #expect(throws: SpeculationError.handoffStepOutOfRange(26, stepCount: 25)) {
            try HandoffPlan(schedule: schedule, handoffStep: 26)
        }
    }

    @Test(arguments: [-0.01, 1.01, .nan, .infinity])
    func fractionsOutOfRangeAreRefused(fraction: Double) {
        #expect(throws: SpeculationError.self) { try HandoffPlan(schedule: schedule, fraction: fraction) }
    }

    @Test(arguments: [(-0.1, 1), (1.1, 1), (.nan, 1), (0.5, .nan), (0.5, .infinity)] as [(Double, Float)])
    func levelsThatAreNoNumbersAreRefused(time: Double, threshold: Float) {
        #expect(throws: SpeculationError.self) { try CheckLevel(time: time, threshold: threshold) }
    }

    @Test(arguments: [Float.nan, .infinity])
    func aStatisticThatIsNoNumberNeverPasses(statistic: Float) {
        for threshold in [Float.greatestFiniteMagnitude, .infinity, .nan] {
            #expect(!LevelReading(step: 3, time: 0.5, statistic: statistic, threshold: threshold).passes)
        }
    }

    @Test func evaluationsAreChecksAndStepsLessTheOneThatServesTwice() {
        let count = VerifierEvaluations.count
        #expect(count(3, 20, 25, true) == 7)
        #expect(count(3, 0, 25, false) == 28)
        #expect(count(0, 20, 25, false) == 5)
    }

    @Test func promptsHaveWords() {
        #expect(JobLimits.fault(ofPrompt: "a mug") == nil)
        for prompt in ["", " \n", "a mug\u{0} on a table", String(repeating: "a", count: JobLimits.promptBytes + 1)] {
            #expect(JobLimits.fault(ofPrompt: prompt) != nil)
            var job = mixtureJob()
            job.prompt = prompt
            #expect(throws: VerifierError.self) { try job.validate() }
        }
    }

    @Test func jobsThatCannotBePlannedAreInvalid() throws {
        let known = try calibration()
        var bad = [mixtureJob(stepCount: 0), mixtureJob(handoffStep: 26), mixtureJob(handoffStep: -1)]
        bad += [0, 1, 1001].map { mixtureJob(verifierStepCount: $0) }
        bad += [Float.nan, -1, .infinity].map { mixtureJob(checkThreshold: $0) }
        var shift = mixtureJob()
        shift.scheduleShift = .nan
        bad.append(shift)
        bad += [0, 1, -0.5, .nan, .infinity].map { quantile in
            var job = mixtureJob()
            job.checkQuantile = quantile
            return job
        }
        bad += [1, -0.1, .nan].map { share in
            var job = mixtureJob()
            job.checkLikeness = share
            return job
        }
        for job in bad {
            let error = #expect(throws: VerifierError.self) {
                try VerificationPlan(job: job, calibration: known)
            }
            #expect(error?.code == .invalidJob)
        }
        let error = #expect(throws: VerifierError.self) {
            try VerificationPlan(job: mixtureJob(), calibration: nil)
        }
        #expect(error?.message.contains("lab calibrate") == true)
        #expect(try VerificationPlan(job: mixtureJob(mode: .trust), calibration: known).rule == nil)
        #expect(try VerificationPlan(job: mixtureJob(handoffStep: 0), calibration: nil).rule == nil)
    }

    @Test func aThresholdReplacesTheWholeCheck() throws {
        let rule = try #require(
            try VerificationPlan(job: mixtureJob(checkThreshold: 0.5), calibration: calibration()).rule)
        #expect(rule.prompt == nil)
        #expect(rule.times == [0.4, 0.6, 0.75])
        #expect(rule.distance(at: 0.1, handoffTime: 0.1) == 0.5 && rule.distance(at: 0.9, handoffTime: 0.1) == 0.5)
        let bare = try VerificationPlan(job: mixtureJob(checkThreshold: 0.5), calibration: nil).rule
        #expect(bare?.times == [])
    }

    @Test func theDialsOfAJobReplaceTheCalibrations() throws {
        var job = mixtureJob()
        let usual = try #require(try VerificationPlan(job: job, calibration: calibration()).rule)
        // 5 % of the faults that are hardest to tell lie below 0.4.
        #expect(abs((usual.prompt?.threshold ?? .nan) - 0.4) < 1e-6)
        #expect(usual.prompt?.times == [0.7, 0.9])
        #expect(abs(usual.distance(at: 0.5, handoffTime: 0.4) - 0.3) < 1e-6)
        job.checkQuantile = 0.5
        job.checkLevels = [0.8, 0.55]
        let kinder = try #require(try VerificationPlan(job: job, calibration: calibration()).rule)
        #expect(kinder.times == [0.55, 0.8])
        #expect((kinder.prompt?.threshold ?? .nan) > (usual.prompt?.threshold ?? .nan))
        #expect(kinder.distance(at: 0.5, handoffTime: 0.4) > usual.distance(at: 0.5, handoffTime: 0.4))
    }

    @Test func aDraftThatIsHandedOffEarlyMayLackWhatIsTakenOutThere() throws {
        var measured = try calibration()
        measured.levels[1].earlyNoiseFaults = QuantileTable(values: QuantileTable.probabilities.map { 0.5 + $0 })
        let rule = try CheckRule(measured, draft: measured.draft)
        // At its hand-off, and where it is taken up again above; a later one is held to what stays in it.
        #expect(abs(rule.distance(at: 0.6, handoffTime: 0.6) - 0.55) < 1e-6)
        #expect(abs(rule.distance(at: 0.75, handoffTime: 0.6) - 0.55) < 1e-6)
        #expect(abs(rule.distance(at: 0.6, handoffTime: 0.4) - 0.3) < 1e-6)
        // One that is too unfinished to be asked about its prompt may lack no more than ever.
        #expect(abs(rule.distance(at: 0.7, handoffTime: 0.7) - 0.3) < 1e-6)
        // Between two levels between theirs.
        let between = rule.distance(at: 0.5, handoffTime: 0.5)
        #expect(between > 0.3 && between < 0.55)
        #expect(rule.distance(at: 0.75, handoffTime: 0.5) == between)
        measured.levels[1].earlyNoiseFaults = QuantileTable(values: QuantileTable.probabilities.map { $0 - 0.5 })
        #expect(measured.fault?.contains("negative") == true)
    }

    @Test func likenessHasADialOfItsOwn() throws {
        var job = mixtureJob()
        let measured = try calibration(likeness: true)
        func limits(_ rule: CheckRule) -> [Double] {
            rule.likeness.map { (Double($0.threshold) * 1e5).rounded() / 1e5 }
        }
        let usual = try #require(try VerificationPlan(job: job, calibration: measured).rule)
        // A tenth of the verifier's own lies above; where a draft is taken up again follows likeness, not distance.
        #expect(limits(usual) == [0.9, 0.4] && usual.times == [0.43, 0.8])
        #expect(usual.distance(at: 0.75, handoffTime: 0.43) < 0.31)
        #expect(usual.distance(at: 0.75, handoffTime: 0.43, isCorrection: true) > 3)
        job.checkLikeness = 0.5
        #expect(limits(try #require(try VerificationPlan(job: job, calibration: measured).rule)) == [0.5, 0])
        job.checkLikeness = 0
        let none = try #require(try VerificationPlan(job: job, calibration: measured).rule)
        #expect(none.likeness.isEmpty && none.corrections.isEmpty && none.times == [0.4, 0.6, 0.75])
        // A check that cannot tell is not asked by a number in vain.
        job.checkLikeness = 0.2
        let error = #expect(throws: VerifierError.self) {
            try VerificationPlan(job: job, calibration: calibration())
        }
        #expect(error?.code == .invalidJob && error?.message.contains("--check-likeness") == true)
        job.checkLikeness = 0
        #expect(try VerificationPlan(job: job, calibration: calibration()).rule != nil)
    }

    @Test func aDraftThatWasNotMeasuredIsHeldToTheVerifiersOwnFaults() throws {
        let other = try calibration(draft: String(repeating: "1", count: 64))
        let rule = try #require(try VerificationPlan(job: mixtureJob(), calibration: other).rule)
        #expect(abs((rule.prompt?.threshold ?? .nan) - 0.2) < 1e-6)
    }
}
