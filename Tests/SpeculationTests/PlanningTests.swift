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

    @Test(arguments: [-0.01, 1.01, .nan, .infinity])
    func fractionsOutOfRangeAreRefused(fraction: Double) {
        #expect(throws: SpeculationError.self) { try HandoffPlan(schedule: schedule, fraction: fraction) }
    }

    @Test func theHandoffIsCheckedFirstAndHigherLevelsAfterIt() throws {
        // Times of steps 20, 18, 13 and 6 are .43, .54, .73 and .90; step 1 is the last below pure noise.
        let levels = try [0.9, 0.54, 0.73].map { try CheckLevel(time: $0, threshold: 0.1) }
        let check = DraftCheck(schedule: schedule, handoffStep: 20, levels: levels)
        #expect(check.probes.map(\.step) == [20, 18, 13, 6])
        #expect(check.probes.map(\.time) == [20, 18, 13, 6].map { schedule.times[$0] })
    }

    @Test func levelsThatFallTogetherOrOutsideAreCheckedOnce() throws {
        let times = [0.0, 0.2, 0.43, 0.44, 0.731, 0.732, 0.999, 1]
        let levels = try times.map { try CheckLevel(time: $0, threshold: 0.1) }
        #expect(DraftCheck(schedule: schedule, handoffStep: 20, levels: levels).probes.map(\.step) == [20, 13])
        #expect(DraftCheck(schedule: schedule, handoffStep: 0, levels: levels).probes.isEmpty)
        #expect(DraftCheck(schedule: schedule, handoffStep: 1, levels: levels).probes.map(\.step) == [1])
        #expect(DraftCheck(schedule: schedule, handoffStep: 25, levels: levels).probes.first?.step == 24)
        let single = try FlowSchedule(stepCount: 1, shift: 3)
        #expect(DraftCheck(schedule: single, handoffStep: 1, levels: levels).probes.isEmpty)
    }

    @Test func thresholdsLieOnTheLineThroughTheLevels() throws {
        let levels = [
            try CheckLevel(time: 0.8, threshold: 0.5), try CheckLevel(time: 0.6, threshold: 0.1),
        ]
        let check = DraftCheck(schedule: schedule, handoffStep: 14, levels: levels)
        // Step 14 is at t = .7021, between the levels; step 11 at .792, nearly at the upper one.
        #expect(check.probes.map(\.step) == [14, 11])
        #expect(abs((check.probes.first?.threshold ?? .nan) - 0.30426) < 1e-4)
        #expect(
            check.probes.allSatisfy { abs(Double($0.threshold) - (0.1 + 2 * ($0.time - 0.6))) < 1e-6 })
        let low = DraftCheck(schedule: schedule, handoffStep: 24, levels: levels)
        #expect(low.probes.first?.threshold == 0.1)
    }

    @Test(arguments: [(-0.1, 1), (1.1, 1), (.nan, 1), (0.5, -1), (0.5, .nan), (0.5, .infinity)] as [(Double, Float)])
    func levelsThatAreNoNumbersAreRefused(time: Double, threshold: Float) {
        #expect(throws: SpeculationError.self) { try CheckLevel(time: time, threshold: threshold) }
    }

    @Test(arguments: [
        ([true, true, true], 20), ([false, true, true], 15), ([false, false, true], 8), ([true, true, false], 0),
        ([true, false, true], 8), ([false, false, false], 0), ([false, true, false], 0),
    ])
    func reentryIsTheLowestLevelFromWhichAllPass(passes: [Bool], expected: Int) {
        let readings = zip([20, 15, 8], passes).map { step, passes in
            LevelReading(step: step, time: 0.5, statistic: passes ? 0.1 : 0.3, threshold: 0.2)
        }
        #expect(ReentryRule.step(for: readings) == expected)
        #expect(ReentryRule.step(for: readings.reversed()) == expected)
    }

    @Test func nothingReadMeansAFreshStart() {
        #expect(ReentryRule.step(for: []) == 0)
    }

    @Test(arguments: [Float.nan, .infinity])
    func aStatisticThatIsNoNumberNeverPasses(statistic: Float) {
        for threshold in [Float.greatestFiniteMagnitude, .infinity, .nan] {
            #expect(!LevelReading(step: 3, time: 0.5, statistic: statistic, threshold: threshold).passes)
        }
    }

    @Test func evaluationsAreChecksAndStepsLessTheOneThatServesTwice() {
        let count = ReentryRule.verifierEvaluations
        #expect(count(3, 20, 25, true) == 7)
        #expect(count(3, 0, 25, false) == 28)
        #expect(count(0, 20, 25, false) == 5)
    }

    @Test func jobsThatCannotBePlannedAreInvalid() throws {
        let levels = try mixtureLevels()
        var bad = [mixtureJob(stepCount: 0), mixtureJob(handoffStep: 26), mixtureJob(handoffStep: -1)]
        bad += [Float.nan, -1, .infinity].map { mixtureJob(checkThreshold: $0) }
        var shift = mixtureJob()
        shift.scheduleShift = .nan
        bad.append(shift)
        for job in bad {
            let error = #expect(throws: VerifierError.self) { try VerificationPlan(job: job, levels: levels) }
            #expect(error?.code == .invalidJob)
        }
        #expect(throws: VerifierError.self) { try VerificationPlan(job: mixtureJob(), levels: []) }
        let plan = try VerificationPlan(job: mixtureJob(checkThreshold: 0.5), levels: [])
        #expect(plan.check?.probes.map(\.threshold) == [0.5])
        #expect(try VerificationPlan(job: mixtureJob(mode: .trust), levels: []).check == nil)
    }
}
