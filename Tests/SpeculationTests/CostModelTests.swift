import Diffusion
import Speculation
import Testing

@Suite struct CostModelTests {
    private func model(
        edge: Double = 0.02, verifier: Double = 0.03, roundTrip: Double = 0.05, wait: Double = 0,
        mode: SpeculationMode = .trust, quality: QualityCurve? = nil, rule: CheckRule? = nil
    ) throws -> CostModel {
        CostModel(
            schedule: try FlowSchedule(stepCount: 20, shift: 3), mode: mode, rule: rule,
            edge: DeviceSpeed(secondsPerStep: edge, fixedSeconds: 0.01, decodeSeconds: 0.05),
            verifier: VerifierPace(secondsPerEvaluation: verifier, fixedSeconds: 0.06), waitSeconds: wait,
            network: NetworkEstimate(
                roundTripSeconds: roundTrip, uploadBytesPerSecond: 1e5, downloadBytesPerSecond: 1e6),
            payload: PayloadEstimate(latentBytes: 1000, pictureBytes: 10_000), quality: quality)
    }

    @Test func aSplitsPartsAreThoseOfTheFormula() throws {
        let prediction = try model(wait: 0.2).prediction(handoffStep: 15)
        #expect(abs(prediction.edgeSeconds - (0.01 + 15 * 0.02)) < 1e-12)
        #expect(abs(prediction.networkSeconds - (2 * 0.05 + 1500 / 1e5 + 10_000 / 1e6)) < 1e-12)
        #expect(prediction.waitSeconds == 0.2)
        #expect(abs(prediction.verifierSeconds - (0.06 + 5 * 0.03)) < 1e-12)
        #expect(abs(prediction.latency - (0.31 + 0.125 + 0.2 + 0.21)) < 1e-12)
        #expect(prediction.fraction == 0.75)
    }

    @Test func aVerifierWithStepsOfItsOwnIsAskedForThose() throws {
        var model = try model()
        model.verifierStepCount = 6
        #expect(model.prediction(handoffStep: 0).verifierEvaluations == 6)
        // t = 0.5 at step 15 of 20 is nearer to the 0.6 of step 4 of 6 than to the 0.375 of step 5: two are left.
        #expect(model.prediction(handoffStep: 15).verifierEvaluations == 2)
        model.verifierStepCount = 1
        #expect(model.best(within: SplitBound(fractionWithoutMeasurement: 0.8)).handoffStep == 0)
        #expect(model.allowedSteps(within: SplitBound(fractionWithoutMeasurement: 1)) == [0, 20])
    }

    /// Shares of evaluations are those of the schedules that they were measured with.
    @Test func aCurveOfOtherStepsTellsOfLossesAlone() throws {
        let points = [
            QualityCurve.Point(fraction: 0, loss: 0, evaluationShare: 1),
            QualityCurve.Point(fraction: 1, loss: 0.1, evaluationShare: 1.2),
        ]
        let measured = try QualityCurve(points: points, stepCounts: StepCounts(draft: 20))
        var model = try model(edge: 0.001, quality: measured)
        #expect(model.prediction(handoffStep: 10).verifierEvaluations == 1.1 * 20)
        model.verifierStepCount = 8
        // Trusted from t = 0.75 on, which is step 4 of 8.
        #expect(model.prediction(handoffStep: 10).verifierEvaluations == 4)
        #expect(model.prediction(handoffStep: 10).loss == 0.05)
    }

    /// What was spent more than passing drafts cost says how many did not pass, and that holds for other steps too.
    @Test func dropsThatWereMeasuredAtOtherStepsAreCarriedOver() throws {
        let rule = try CheckRule(
            distances: [CheckLevel(time: 0.5, threshold: 1)], times: [0.6],
            prompt: CheckRule.Prompt(times: [0.7, 0.9], threshold: 0))
        // At 16 of 20 steps a draft that passes costs 2 + 4 of 20, one that does not 2 + 1 + 20: half of them pass.
        let points = [
            QualityCurve.Point(fraction: 0, loss: 0, evaluationShare: 1),
            QualityCurve.Point(fraction: 0.8, loss: 0.1, evaluationShare: 14.5 / 20),
        ]
        let curve = try QualityCurve(points: points, stepCounts: StepCounts(draft: 20))
        var model = try model(mode: .handoff, quality: curve, rule: rule)
        #expect(model.prediction(handoffStep: 16).verifierEvaluations == 14.5)
        model.verifierStepCount = 8
        // 2 + 2 of the eight, or 2 + 1 + 8.
        #expect(abs(model.prediction(handoffStep: 16).verifierEvaluations - 7.5) < 1e-12)
        #expect(model.prediction(handoffStep: 0).verifierEvaluations == 8)
    }

    @Test func theControlsHaveOnlyTheirOwnParts() throws {
        let alone = try model().prediction(handoffStep: 0)
        #expect(alone.verifierEvaluations == 20)
        #expect(abs(alone.networkSeconds - (0.1 + 500 / 1e5 + 0.01)) < 1e-12)
        #expect(alone.loss == 0)
        let draft = try model().prediction(handoffStep: 20)
        #expect(abs(draft.latency - (0.01 + 20 * 0.02 + 0.05)) < 1e-12)
        #expect(draft.verifierSeconds == 0 && draft.networkSeconds == 0)
    }

    @Test func aPassingCheckCostsWhatItAsksAboutThePrompt() throws {
        let rule = try CheckRule(
            distances: [CheckLevel(time: 0.5, threshold: 1)], times: [0.6],
            prompt: CheckRule.Prompt(times: [0.7, 0.9], threshold: 0))
        let model = try model(mode: .handoff, rule: rule)
        // Four steps, of which the check has evaluated the first, and two questions about the prompt.
        #expect(model.prediction(handoffStep: 16).verifierEvaluations == 4 + 2)
        var distilled = model
        distilled.evaluationsPerPromptQuestion = 2
        #expect(distilled.prediction(handoffStep: 16).verifierEvaluations == 4 + 2 * 2)
        // Handed off above t = 0.7, where an unfinished picture is not asked about its prompt and hardly ever passes.
        #expect(model.schedule.times[10] > 0.7)
        #expect(model.prediction(handoffStep: 10).verifierEvaluations == 1 + 20)
    }

    @Test func aCriticCostsTheVerifierNothing() throws {
        let rule = try CheckRule(
            distances: [CheckLevel(time: 0.5, threshold: 1)], times: [0.6],
            prompt: CheckRule.Prompt(.promptDoubt, times: [0.25], threshold: 0))
        let model = try model(mode: .handoff, rule: rule)
        #expect(model.prediction(handoffStep: 16).verifierEvaluations == 4)
        // Where it is not asked, drafts hardly ever pass.
        #expect(model.prediction(handoffStep: 10).verifierEvaluations == 1 + 20)
    }

    /// On a GPU rows beside others cost little; the steps cost what they cost.
    @Test func rowsOfTheCheckCostTheirShareOfABatch() throws {
        let rule = try CheckRule(
            distances: [CheckLevel(time: 0.5, threshold: 1)], times: [0.6],
            prompt: CheckRule.Prompt(times: [0.7, 0.9], threshold: 0))
        var model = try model(mode: .handoff, rule: rule)
        #expect(abs(model.prediction(handoffStep: 16).verifierSeconds - (0.06 + 6 * 0.03)) < 1e-12)
        model.verifier.rowShare = 0.5
        #expect(abs(model.prediction(handoffStep: 16).verifierSeconds - (0.06 + 4 * 0.03 + 2 * 0.015)) < 1e-12)
        #expect(abs(model.prediction(handoffStep: 0).verifierSeconds - (0.06 + 20 * 0.03)) < 1e-12)
    }

    @Test func anOpenConnectionSavesARoundTrip() throws {
        var model = try model(roundTrip: 0.4)
        let cold = model.prediction(handoffStep: 10).latency
        model.isConnected = true
        #expect(abs(cold - model.prediction(handoffStep: 10).latency - 0.4) < 1e-12)
    }

    @Test func aPictureMovesTheEdgesSpeedByAFifth() {
        let speed = DeviceSpeed(secondsPerStep: 0.01, fixedSeconds: 0.02, decodeSeconds: 0.1)
        let slower = speed.updated(withSeconds: 0.02 + 20 * 0.02, steps: 20, isDecoded: false)
        #expect(abs(slower.secondsPerStep - 0.012) < 1e-12 && slower.fixedSeconds == 0.02)
        let decoded = speed.updated(withSeconds: 0.12 + 20 * 0.02, steps: 20, isDecoded: true)
        #expect(abs(decoded.secondsPerStep - 0.012) < 1e-12)
        // Too few steps, or a machine that was suspended, say nothing.
        #expect(speed.updated(withSeconds: 1, steps: 2, isDecoded: false) == speed)
        #expect(speed.updated(withSeconds: 100, steps: 20, isDecoded: false) == speed)
        #expect(speed.updated(withSeconds: 0, steps: 20, isDecoded: false) == speed)
    }

    /// The cheapest by enumeration is what is chosen, for many devices.
    @Test(arguments: [0.001, 0.01, 0.02, 0.03, 0.05, 0.2], [0.005, 0.03, 0.1])
    func theChoiceIsTheCheapestAllowed(edge: Double, verifier: Double) throws {
        let model = try model(edge: edge, verifier: verifier)
        let choice = model.best()
        for step in 0...16 { #expect(choice.latency <= model.prediction(handoffStep: step).latency + 1e-12) }
        #expect(choice.fraction <= 0.8)
        // A linear model has its optimum at an end.
        #expect(choice.handoffStep == (edge < verifier ? 16 : 0))
    }

    @Test func theVerifiersSecondsCanBeTheObjective() throws {
        let slowEdge = try model(edge: 1)
        #expect(slowEdge.best().handoffStep == 0)
        #expect(slowEdge.best(.verifierSeconds).handoffStep == 16)
    }

    @Test func theBoundOnTheLossHolds() throws {
        let curve = try QualityCurve(points: [
            .init(fraction: 0, loss: 0, evaluationShare: 1), .init(fraction: 0.5, loss: 0.01, evaluationShare: 0.5),
            .init(fraction: 0.8, loss: 0.04, evaluationShare: 0.2), .init(fraction: 1, loss: 0.2, evaluationShare: 0),
        ])
        let model = try model(edge: 0.001, quality: curve)
        #expect(model.best(within: SplitBound(loss: 0.01)).handoffStep == 10)
        #expect(model.best(within: SplitBound(loss: 0.0175)).fraction == 0.55)
        // Nobody said anything: as good as the standard hand-off.
        #expect(model.best().handoffStep == 16)
        #expect(model.best(within: SplitBound(loss: 1)).handoffStep == 20)
        #expect(model.best(within: SplitBound(loss: 0)).handoffStep == 0)
        #expect(model.allowedSteps(within: SplitBound(loss: 0.01)) == Array(0...10))
    }

    /// Where drafts are dropped the verifier works longer for them: the measured share says so and the model heeds it.
    @Test func measuredEvaluationsReplaceTheHopeThatDraftsPass() throws {
        let useless = try QualityCurve(points: [
            .init(fraction: 0, loss: 0, evaluationShare: 1), .init(fraction: 1, loss: 0.1, evaluationShare: 1.2),
        ])
        #expect(try model(edge: 0.001, quality: useless).best().handoffStep == 0)
        #expect(try model(edge: 0.001).best().handoffStep == 16)
    }

    @Test func aBusyVerifierMakesTheDraftAloneAttractive() throws {
        let curve = try QualityCurve(points: [
            .init(fraction: 0, loss: 0, evaluationShare: 1), .init(fraction: 1, loss: 0.1, evaluationShare: 0),
        ])
        let bound = SplitBound(loss: 0.1)
        #expect(try model(edge: 0.04, quality: curve).best(within: bound).handoffStep < 20)
        #expect(try model(edge: 0.04, wait: 30, quality: curve).best(within: bound).handoffStep == 20)
    }
}

@Suite struct QualityCurveTests {
    @Test func valuesLieOnTheLinesBetweenThePoints() throws {
        let curve = try QualityCurve(points: [
            .init(fraction: 0.2, loss: 0.1, evaluationShare: 0.8),
            .init(fraction: 0.6, loss: 0.3, evaluationShare: 0.4),
        ])
        #expect(abs(curve.loss(at: 0.4) - 0.2) < 1e-12)
        #expect(abs(curve.evaluationShare(at: 0.3) - 0.7) < 1e-12)
        #expect(curve.loss(at: 0) == 0.1 && curve.loss(at: 1) == 0.3)
        #expect(curve.covers(0.2) && curve.covers(0.6) && !curve.covers(0.61) && !curve.covers(0.1))
    }

    @Test(
        arguments: [
            [], [(0.5, 0.1, 1), (0.5, 0.2, 1)], [(0.6, 0.1, 1), (0.5, 0.2, 1)], [(1.1, 0.1, 1)], [(-0.1, 0.1, 1)],
            [(0.5, -0.1, 1)], [(0.5, .nan, 1)], [(0.5, 0.1, .infinity)], [(.nan, 0.1, 1)], [(0.5, 0.1, -1)],
        ] as [[(Double, Double, Double)]])
    func curvesThatMakeNoSenseAreRefused(points: [(Double, Double, Double)]) {
        #expect(throws: SpeculationError.self) {
            try QualityCurve(points: points.map { .init(fraction: $0.0, loss: $0.1, evaluationShare: $0.2) })
        }
    }
}

@Suite struct NetworkEstimateTests {
    /// 100 kB over 1 s round trips at 10 MB/s: windows of 14.6, 29.2 and 58.4 kB, each waited for but the last.
    @Test func slowStartAddsItsRoundTrips() {
        let network = NetworkEstimate(
            roundTripSeconds: 1, uploadBytesPerSecond: 1e7, downloadBytesPerSecond: 1e7)
        let seconds = network.seconds(uploadBytes: 0, downloadBytes: 100_000)
        #expect(abs(seconds - (2 + 2 + (100_000 - 14_600 - 29_200) / 1e7)) < 1e-9)
        // A slow line is never waited for: its window lasts longer than the round trip.
        let slow = NetworkEstimate(roundTripSeconds: 0.1, uploadBytesPerSecond: 1e4, downloadBytesPerSecond: 1e4)
        #expect(abs(slow.seconds(uploadBytes: 0, downloadBytes: 100_000) - 10.2) < 1e-9)
    }

    @Test(arguments: [1e3, 5e4, 2e6, 3e8], [0, 0.01, 0.3]) func theRateOfATransferIsFoundFromItsTime(
        rate: Double, roundTrip: Double
    ) throws {
        let network = NetworkEstimate(
            roundTripSeconds: roundTrip, uploadBytesPerSecond: rate, downloadBytesPerSecond: rate)
        let seconds = network.seconds(uploadBytes: 0, downloadBytes: 60_000) - 2 * roundTrip
        let found = try #require(network.rate(ofBytes: 60_000, inSeconds: seconds))
        // Where the waits are most of the time the rate matters little and is found less exactly.
        #expect(abs(found / rate - 1) < 1e-3)
        #expect(network.rate(ofBytes: 60_000, inSeconds: 0) == nil)
        #expect(network.rate(ofBytes: 0, inSeconds: 1) == nil)
    }

    @Test func aShorterRoundTripCountsAtOnceAndALongerOneByHalf() {
        let network = NetworkEstimate(roundTripSeconds: 0.1)
        #expect(network.updated(with: .init(roundTripSeconds: 0.04)).roundTripSeconds == 0.04)
        #expect(abs(network.updated(with: .init(roundTripSeconds: 0.3)).roundTripSeconds - 0.2) < 1e-12)
        #expect(network.updated(with: .init(roundTripSeconds: .nan)) == network)
        #expect(network.updated(with: .init(roundTripSeconds: -1)) == network)
    }

    @Test func ratesAreAveragedAsSecondsAByte() {
        let network = NetworkEstimate(roundTripSeconds: 0, uploadBytesPerSecond: nil, downloadBytesPerSecond: 1e6)
        let updated = network.updated(with: .init(uploadBytesPerSecond: 5e5, downloadBytesPerSecond: 3e6))
        #expect(updated.uploadBytesPerSecond == 5e5)
        #expect(abs((updated.downloadBytesPerSecond ?? 0) - 1.5e6) < 1)
        #expect(updated.updated(with: .init(uploadBytesPerSecond: 0, downloadBytesPerSecond: .infinity)) == updated)
    }

    @Test func impossibleNumbersAreSeenAsSuch() {
        #expect(NetworkEstimate(roundTripSeconds: 0.1).isPlausible && NetworkEstimate.none.isPlausible)
        #expect(!NetworkEstimate(roundTripSeconds: .nan).isPlausible)
        #expect(!NetworkEstimate(roundTripSeconds: 0, uploadBytesPerSecond: -1).isPlausible)
        #expect(!DeviceSpeed(secondsPerStep: 0, fixedSeconds: 0, decodeSeconds: 0).isPlausible)
        #expect(!VerifierPace(secondsPerEvaluation: 1, fixedSeconds: .infinity).isPlausible)
    }
}

@Suite struct SpeculationTallyTests {
    private func telemetry(reentry: Int, evaluations: Int, milliseconds: Double = 100) -> VerificationTelemetry {
        VerificationTelemetry(
            levels: [], reentryStep: reentry, verifierEvaluations: evaluations, verifierOnlyEvaluations: 25,
            stages: [
                StageTime(name: "text", milliseconds: 5), StageTime(name: "check", milliseconds: milliseconds / 4),
                StageTime(name: "refine", milliseconds: milliseconds * 3 / 4),
            ], receivedBytes: 1000)
    }

    @Test func everyFateIsCountedAndTheRatiosFollow() {
        var tally = SpeculationTally()
        #expect(tally.acceptanceRate == nil && tally.evaluationShare == nil)
        tally.add(telemetry(reentry: 20, evaluations: 8), entryStep: 20)
        tally.add(telemetry(reentry: 12, evaluations: 16), entryStep: 20)
        tally.add(telemetry(reentry: 0, evaluations: 28), entryStep: 20)
        tally.add(telemetry(reentry: 0, evaluations: 25), entryStep: 0)
        #expect(tally.pictureCount == 3)
        #expect((tally.acceptedCount, tally.correctedCount, tally.droppedCount) == (1, 1, 1))
        #expect(tally.reentries == [20: 1, 12: 1, 0: 1])
        #expect(tally.evaluationsPerPicture == 52.0 / 3)
        #expect(tally.evaluationShare == 52.0 / 75)
        // 12.5, 6.25 and 100/28 ms an evaluation, times 17, 9 and −3 saved ones.
        let expected = (0.1 / 8) * 17 + (0.1 / 16) * 9 - (0.1 / 28) * 3
        #expect(abs(tally.verifierSecondsSaved - expected) < 1e-12)
    }

    /// What a critic takes is in the time of the check and no evaluation: it makes none of the steps dearer.
    @Test func whatACriticTakesIsNotSaved() throws {
        func telemetry(evaluations: Int, reentry: Int, check: Double, refine: Double) -> VerificationTelemetry {
            var levels = [LevelReading(step: 7, time: 0.25, statistic: -1, threshold: 0, kind: .promptDoubt)]
            if reentry > 0 { levels.append(LevelReading(step: 6, time: 0.4, statistic: 0, threshold: 1)) }
            return VerificationTelemetry(
                levels: levels, reentryStep: reentry, verifierEvaluations: evaluations, verifierOnlyEvaluations: 8,
                stages: [
                    StageTime(name: "check", milliseconds: check), StageTime(name: "refine", milliseconds: refine),
                ], receivedBytes: 1000)
        }
        // The critic 20 ms, the hand-off and the last step 10 each, where eight would have taken 80.
        let passed = telemetry(evaluations: 2, reentry: 6, check: 30, refine: 10)
        #expect(abs(passed.verifierSecondsSaved - 0.04) < 1e-12)
        #expect(try #require(VerifierPace(passed)).secondsPerEvaluation == 0.01)
        let dropped = telemetry(evaluations: 8, reentry: 0, check: 20, refine: 80)
        #expect(abs(dropped.verifierSecondsSaved + 0.02) < 1e-12)
        #expect(try #require(VerifierPace(dropped)).secondsPerEvaluation == 0.01)
    }

    @Test func aPaceIsReadFromAJob() throws {
        let pace = try #require(VerifierPace(telemetry(reentry: 20, evaluations: 8)))
        #expect(abs(pace.secondsPerEvaluation - 0.0125) < 1e-12)
        #expect(abs(pace.fixedSeconds - 0.005) < 1e-12)
        #expect(VerifierPace(telemetry(reentry: 20, evaluations: 0)) == nil)
        // 4 steps in 80 ms, and a batch of 3 rows in 40 ms: one costs 20, each other 10.
        let reading = LevelReading(step: 20, time: 0.4, statistic: 0, threshold: 1)
        let passed = VerificationTelemetry(
            levels: [reading, reading], reentryStep: 20, verifierEvaluations: 7, verifierOnlyEvaluations: 25,
            stages: [StageTime(name: "check", milliseconds: 40), StageTime(name: "refine", milliseconds: 80)],
            receivedBytes: 0)
        let told = try #require(VerifierPace(passed))
        #expect(abs(told.secondsPerEvaluation - 0.02) < 1e-12 && abs((told.rowShare ?? -1) - 0.5) < 1e-12)
        // Nothing but the batch: no step by itself was seen.
        let batch = VerificationTelemetry(
            levels: [reading, reading], reentryStep: 7, verifierEvaluations: 5, verifierOnlyEvaluations: 8,
            stages: [StageTime(name: "check", milliseconds: 40)], receivedBytes: 0)
        #expect(VerifierPace(batch) == nil)
        // An older pace keeps what a job without a batch does not know.
        #expect(told.blended(with: pace).rowShare == told.rowShare)
        #expect(VerifierPace(telemetry(reentry: 20, evaluations: 8, milliseconds: -5)) == nil)
    }
}
