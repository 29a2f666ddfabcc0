import Diffusion
import Speculation
import Testing

/// The rule, with a verifier whose every answer is made up.
struct DraftCheckTests {
    private let schedule: FlowSchedule
    private let shape = LatentShape(height: 2, width: 2, channelCount: 3)
    private let estimate: Latent
    private let noise: Latent

    init() throws {
        schedule = try FlowSchedule(stepCount: 25, shift: 3)
        estimate = NoiseGenerator(seed: 4).latent(shape, stream: 0)
        noise = NoiseGenerator(seed: 5).latent(shape, stream: 0)
    }

    /// An answer whose picture estimate is `offset` from s everywhere, and which s lacks `shortfall` of: a critic's doubt.
    private func answer(
        _ question: FlowQuestion, offset: Float, shortfall: Float = 0, unlikeness: Float = 0
    ) -> FlowAnswer {
        func velocity(to picture: (Int) -> Float) -> Latent {
            Latent(
                shape: shape,
                values: question.state.values.indices.map {
                    (question.state.values[$0] - picture($0)) / Float(question.time)
                })
        }
        switch question.subject {
        case .velocity: return .velocity(velocity { estimate.values[$0] + offset })
        case .prompt:
            // With ∅ at 0 and c at s/(1 − m), s is the share 1 − m of the way.
            return .prompt(
                PromptContrast(
                    prompted: velocity { estimate.values[$0] / (1 - shortfall) }, unprompted: velocity { _ in 0 }))
        case .agreement: return .agreement(-shortfall)
        case .likeness: return .likeness(-unlikeness)
        }
    }

    private func check(
        handoffStep: Int = 20, times: [Double] = [0.6, 0.75, 0.9], threshold: Float = 0.2,
        prompt: CheckRule.Prompt? = CheckRule.Prompt(times: [0.7, 0.9], threshold: 0.5), likeness: [CheckLevel] = []
    ) throws -> DraftCheck {
        DraftCheck(
            estimate: estimate, noise: noise, schedule: schedule, handoffStep: handoffStep,
            rule: try CheckRule(
                distances: [CheckLevel(time: 0.5, threshold: threshold)], times: times, prompt: prompt,
                likeness: likeness))
    }

    /// Runs a check to its end.
    ///
    /// - Parameters:
    ///   - unlikeness: what the critic says of likeness at a time, negated.
    ///   - offset: how far the verifier is from s at a time.
    private func decide(
        _ check: DraftCheck, shortfall: Float = 0, unlikeness: (Double) -> Float = { _ in 0 }, offset: (Double) -> Float
    ) -> (check: DraftCheck, step: Int, batches: [[Double]]) {
        var (check, batches) = (check, [[Double]]())
        while let questions = check.next {
            batches.append(questions.map(\.time))
            // As of a model that takes guidance as an input.
            check.take(
                FlowAnswers(
                    rows: questions.map {
                        answer(
                            $0, offset: offset($0.time), shortfall: shortfall, unlikeness: unlikeness($0.time))
                    },
                    evaluationCount: questions.reduce(0) { $0 + cost($1.subject) }))
        }
        guard case .enter(let step, _, _) = check.decision else { return (check, 0, batches) }
        return (check, step, batches)
    }

    private func cost(_ subject: FlowQuestion.Subject) -> Int {
        switch subject {
        case .velocity: 1
        case .prompt: 2
        case .agreement, .likeness: 0
        }
    }

    private static let critics = CheckRule.Prompt(.promptDoubt, times: [0.25], threshold: 0.5)

    @Test func aCriticIsAskedBeforeTheVerifier() throws {
        let (check, step, batches) = decide(try check(prompt: Self.critics), shortfall: 0.4) { _ in 0.1 }
        #expect(step == 20 && check.evaluationCount == 1)
        #expect(batches == [[0.25], [schedule.times[20]]])
        #expect(check.readings.map(\.kind) == [.promptDoubt, .estimateDistance])
        #expect(check.readings.map(\.passes) == [true, true])
    }

    @Test func whatACriticDropsCostsTheVerifierNothing() throws {
        for doubt in [Float(0.6), .infinity, .nan] {
            let (check, _, batches) = decide(try check(prompt: Self.critics), shortfall: doubt) { _ in 0.1 }
            #expect(check.decision == .drop && check.evaluationCount == 0 && batches == [[0.25]])
            #expect(check.readings.map(\.kind) == [.promptDoubt])
        }
    }

    @Test func aCriticsLevelsAreOneReading() throws {
        let prompt = CheckRule.Prompt(.promptDoubt, times: [0.1, 0.3], threshold: 0.5)
        let (check, step, batches) = decide(try check(prompt: prompt), shortfall: 0.25) { _ in 0.3 }
        // What it lets pass may still be far from the verifier's own.
        #expect(step == 0 && check.evaluationCount == 4 && batches.first == [0.1, 0.3])
        #expect(check.readings.first?.time == 0.2 && check.readings.first?.statistic == 0.25)
    }

    @Test func aCriticIsNotAskedAboutUnfinishedDrafts() throws {
        #expect(schedule.times[10] > 0.7 && schedule.times[15] < 0.7)
        #expect(try check(handoffStep: 10, prompt: Self.critics).prompt == nil)
        #expect(try check(handoffStep: 15, prompt: Self.critics).prompt == Self.critics)
    }

    // MARK: likeness

    private static func likeness() throws -> [CheckLevel] {
        [try CheckLevel(time: 0.4, threshold: 1), try CheckLevel(time: 0.8, threshold: -1)]
    }

    @Test func likenessIsAskedOfTheCriticBeforeTheVerifierIsAsked() throws {
        let check = try check(prompt: Self.critics, likeness: Self.likeness())
        let handoff = schedule.times[20]
        let (passed, step, batches) = decide(check, unlikeness: { _ in 0.5 }) { _ in 0.1 }
        #expect(step == 20 && passed.evaluationCount == 1 && batches == [[handoff, 0.25], [handoff]])
        #expect(passed.readings.map(\.kind) == [.promptDoubt, .unlikeness, .estimateDistance])
        #expect(passed.readings.allSatisfy { $0.passes })
    }

    /// What noise hides of a draft the verifier draws anew; each level that fails costs a question to the critic alone.
    @Test func anUnlikeDraftIsTakenUpWhereNoiseHidesWhatIsUnlike() throws {
        let check = try check(prompt: Self.critics, likeness: Self.likeness())
        for (index, step) in [20, 17, 12, 6].enumerated() {
            let near = schedule.times[step] - 1e-9
            let (found, entry, batches) = decide(check, unlikeness: { $0 > near ? -2 : 2 }) { _ in 0.1 }
            #expect(entry == step && found.evaluationCount == 1 && batches.count == index + 2)
            #expect(found.readings.map(\.kind).filter { $0 == .unlikeness }.count == index + 1)
        }
        let (unlike, entry, _) = decide(check, unlikeness: { _ in 2 }) { _ in 0.1 }
        #expect(entry == 0 && unlike.decision == .drop && unlike.evaluationCount == 0)
    }

    @Test func aLevelPassesOnlyIfItIsLikeAndNear() throws {
        let check = try check(prompt: Self.critics, likeness: Self.likeness())
        // Near from 0.7 on only.
        let (found, entry, _) = decide(check, unlikeness: { _ in -2 }) { $0 > 0.7 ? 0.1 : 0.3 }
        #expect(entry == 12 && found.evaluationCount == 3)
        #expect(
            found.readings.map(\.kind) == [.promptDoubt]
                + Array(repeating: [.unlikeness, .estimateDistance], count: 3)
                .flatMap { $0 })
    }

    @Test(arguments: [Float.nan, .infinity, -.infinity]) func oddsThatAreNoNumbersAreUnlike(value: Float) throws {
        let check = try check(prompt: Self.critics, likeness: Self.likeness())
        #expect(decide(check, unlikeness: { _ in value }) { _ in 0.1 }.check.decision == .drop)
    }

    @Test func likenessThresholdsLieOnALineAndAreNotAskedOfUnfinishedDrafts() throws {
        let likeness = try Self.likeness()
        let probes = try check(prompt: Self.critics, likeness: likeness).probes
        #expect(
            probes.allSatisfy {
                abs(Double($0.likeness?.threshold ?? .nan) - max(-1, 1 - 5 * ($0.time - 0.4))) < 1e-6
            })
        let early = try check(handoffStep: 10, prompt: Self.critics, likeness: likeness)
        #expect(schedule.times[10] > 0.7 && early.probes.allSatisfy { $0.likeness == nil })
        #expect(throws: SpeculationError.self) { try CheckRule(distances: likeness, times: []) }
    }

    @Test func aStricterLikenessNeverEntersAtLessNoise() throws {
        for unlikeness in [{ Float(1.2 - 1.5 * $0) }, { _ in 0.4 }] as [(Double) -> Float] {
            let entries = try stride(from: 0.02, through: 0.98, by: 0.04).map { share in
                let rule = try CheckRule(
                    calibration(likeness: true), draft: String(repeating: "0", count: 64), likenessShare: share)
                return decide(
                    DraftCheck(estimate: estimate, noise: noise, schedule: schedule, handoffStep: 20, rule: rule),
                    shortfall: -5, unlikeness: unlikeness
                ) { _ in 0.1 }.step
            }
            #expect(zip(entries, entries.dropFirst()).allSatisfy { $0 >= $1 } && entries.first != entries.last)
        }
    }

    /// Only where likeness lets the verifier correct a draft may its picture be another one.
    @Test func theDistanceIsThatOfFaultsWhereNothingIsCorrected() throws {
        let own = String(repeating: "0", count: 64)
        func thresholds(_ handoffStep: Int, draft: String) throws -> [Float] {
            let rule = try CheckRule(calibration(likeness: true), draft: draft)
            return DraftCheck(
                estimate: estimate, noise: noise, schedule: schedule, handoffStep: handoffStep, rule: rule
            ).probes.map(\.threshold)
        }
        // Handed off at 0.43, and earlier than the calibration's pictures but late enough to be asked.
        for step in [20, 17] {
            #expect(schedule.times[step] < 0.7)
            let found = try thresholds(step, draft: own)
            #expect(found.count == 2 && found[0] < 0.31 && found[1] > 3)
        }
        // Too unfinished to be asked whether it is like; and of a draft that was not measured.
        #expect(schedule.times[10] > 0.7)
        #expect(try thresholds(10, draft: own).allSatisfy { $0 < 0.31 })
        #expect(try thresholds(20, draft: String(repeating: "1", count: 64)).allSatisfy { $0 < 0.31 })
    }

    @Test func likenessIsAskedAtNoLessNoiseThanItWasMeasuredAt() throws {
        let late = try check(handoffStep: 24, prompt: Self.critics, likeness: Self.likeness())
        #expect(schedule.times[24] < 0.4)
        let (found, entry, batches) = decide(late) { _ in 0.1 }
        #expect(entry == 24 && batches == [[0.4, 0.25], [schedule.times[24]]])
        let asked = try #require(found.readings.first { $0.kind == .unlikeness })
        #expect(asked.time == 0.4 && asked.step == 24 && asked.threshold == 1)
    }

    @Test func theFirstBatchHoldsTheHandoffAndThePromptsLevels() throws {
        let (check, step, batches) = decide(try check()) { _ in 0.1 }
        #expect(step == 20)
        #expect(batches == [[schedule.times[20], 0.7, 0.9]])
        #expect(check.evaluationCount == 5)
        #expect(check.readings.map(\.kind) == [.promptShortfall, .estimateDistance])
        #expect(check.readings.allSatisfy { $0.passes })
    }

    @Test func aPictureThatLacksThePromptIsDroppedAtOnce() throws {
        let (check, step, batches) = decide(try check(), shortfall: 0.6) { _ in 0.1 }
        #expect(step == 0 && batches.count == 1 && check.evaluationCount == 5)
        #expect(check.readings.map(\.kind) == [.promptShortfall])
        #expect(abs((check.readings.first?.statistic ?? .nan) - 0.6) < 1e-4)
        #expect(decide(try self.check(), shortfall: 0.4) { _ in 0.1 }.step == 20)
    }

    @Test func theLevelsAboveAreTriedOneAtATimeUntilOneIsNear() throws {
        // Steps 17, 12 and 6 are the nearest to 0.6, 0.75 and 0.9.
        let steps = try check().probes.map(\.step)
        #expect(steps == [20, 17, 12, 6])
        for (index, step) in steps.enumerated() {
            let near = schedule.times[step] - 1e-9
            let (check, entry, batches) = decide(try self.check()) { $0 > near ? 0.1 : 0.3 }
            #expect(entry == step)
            #expect(batches.count == index + 1)
            #expect(check.evaluationCount == 5 + index)
            guard case .enter(_, let state, let velocity) = check.decision else {
                Issue.record("no entry")
                continue
            }
            let time = schedule.times[step]
            #expect(state == noisedState(picture: estimate, noise: noise, time: time))
            // The first step takes this velocity, so it must be that of this state.
            let question = FlowQuestion(.velocity, state: state, time: time)
            #expect(.velocity(velocity) == answer(question, offset: 0.1))
        }
        let (check, entry, _) = decide(try check()) { _ in 0.3 }
        #expect(entry == 0 && check.decision == .drop && check.evaluationCount == 8)
    }

    @Test func aStricterThresholdNeverEntersAtLessNoise() throws {
        // A distance that falls with the noise, as that of a repairable fault does, and one that does not.
        let distances: [(Double) -> Float] = [{ Float(0.5 - 0.4 * $0) }, { Float(abs($0 - 0.7)) }, { _ in 0.21 }]
        for distance in distances {
            let entries = try stride(from: Float(0), through: 0.6, by: 0.02).map { threshold in
                decide(try check(threshold: threshold), offset: distance).step
            }
            #expect(entries.first == 0 && entries.last == 20)
            #expect(zip(entries, entries.dropFirst()).allSatisfy { $0 <= $1 })
        }
    }

    @Test func aStricterQuantileNeverEntersAtLessNoise() throws {
        for shortfall in [Float(-0.2), 0.1, 0.45, 0.8] {
            let entries = try stride(from: 0.02, through: 0.98, by: 0.04).map { quantile in
                let rule = try CheckRule(calibration(), draft: String(repeating: "0", count: 64), quantile: quantile)
                return decide(
                    DraftCheck(estimate: estimate, noise: noise, schedule: schedule, handoffStep: 20, rule: rule),
                    shortfall: shortfall
                ) { Float(0.62 - 0.45 * $0) }.step
            }
            #expect(zip(entries, entries.dropFirst()).allSatisfy { $0 >= $1 })
            // A good draft enters at the hand-off by a mild check and not by the strictest.
            if shortfall == -0.2 { #expect(entries.first != entries.last, "\(entries)") }
        }
    }

    @Test func aHandoffAboveThePromptsLevelsIsNotAskedAboutThePrompt() throws {
        // Step 10 is at t = .82, between the prompt's two levels.
        let (check, step, batches) = decide(try check(handoffStep: 10), shortfall: 0.9) { _ in 0.1 }
        #expect(check.prompt == nil && step == 10 && batches == [[schedule.times[10]]])
    }

    @Test func levelsThatFallTogetherOrOutsideAreOne() throws {
        let times = [0.01, 0.2, 0.43, 0.44, 0.731, 0.732, 0.999]
        #expect(try check(times: times).probes.map(\.step) == [20, 13])
        #expect(try check(handoffStep: 0, times: times).decision == .drop)
        #expect(try check(handoffStep: 0, times: times).next == nil)
        #expect(try check(handoffStep: 1, times: times).probes.map(\.step) == [1])
        #expect(try check(handoffStep: 25, times: times).probes.first?.step == 24)
        let single = DraftCheck(
            estimate: estimate, noise: noise, schedule: try FlowSchedule(stepCount: 1, shift: 3), handoffStep: 1,
            rule: try mixtureRule())
        #expect(single.decision == .drop)
    }

    @Test func whatADraftMayLeaveUndoneAtAnEarlyHandoffHoldsAboveItToo() throws {
        let rule = try CheckRule(
            distances: [CheckLevel(time: 0.4, threshold: 0.1)],
            earlyDistances: [CheckLevel(time: 0.4, threshold: 0.1), CheckLevel(time: 0.8, threshold: 0.5)],
            times: [0.75], prompt: CheckRule.Prompt(times: [0.7, 0.9], threshold: 0.5))
        func check(_ step: Int) -> DraftCheck {
            DraftCheck(estimate: estimate, noise: noise, schedule: schedule, handoffStep: step, rule: rule)
        }
        let early = schedule.step(nearestTo: 0.6)
        let time = schedule.times[early]
        #expect(time > 0.5 && time < 0.7)
        let limit = Float(time - 0.3)
        let thresholds = check(early).probes.map(\.threshold)
        #expect(thresholds.count == 2 && thresholds.allSatisfy { abs($0 - limit) < 1e-5 })
        #expect(decide(check(early)) { _ in limit - 0.02 }.step == early)
        #expect(decide(check(early)) { _ in limit + 0.02 }.check.decision == .drop)
        // Handed off later it is held to less, at every level.
        #expect(check(20).probes.count == 2 && check(20).probes.allSatisfy { $0.threshold < 0.13 })
        #expect(decide(check(20)) { _ in 0.2 }.check.decision == .drop)
    }

    @Test func thresholdsLieOnTheLineThroughTheLevels() throws {
        let rule = try CheckRule(
            distances: [CheckLevel(time: 0.8, threshold: 0.5), CheckLevel(time: 0.6, threshold: 0.1)],
            times: [0.8, 0.6])
        let probes = DraftCheck(
            estimate: estimate, noise: noise, schedule: schedule, handoffStep: 14, rule: rule
        ).probes
        // Step 14 is at t = .7021, between the levels; step 11 at .792, nearly at the upper one.
        #expect(probes.map(\.step) == [14, 11])
        #expect(abs((probes.first?.threshold ?? .nan) - 0.30426) < 1e-4)
        #expect(probes.allSatisfy { abs(Double($0.threshold) - (0.1 + 2 * ($0.time - 0.6))) < 1e-6 })
        let low = DraftCheck(estimate: estimate, noise: noise, schedule: schedule, handoffStep: 24, rule: rule)
        #expect(low.probes.first?.threshold == 0.1)
    }

    @Test(arguments: [Float.nan, .infinity])
    func answersThatAreNoNumbersDoNotPass(value: Float) throws {
        #expect(decide(try check(prompt: nil)) { _ in value }.step == 0)
        var check = try check()
        let questions = try #require(check.next)
        // A model that answers something else.
        check.take(
            FlowAnswers(
                rows: questions.map { answer(FlowQuestion(.velocity, state: $0.state, time: $0.time), offset: 0) },
                evaluationCount: questions.count))
        #expect(check.decision == .drop)
    }
}
