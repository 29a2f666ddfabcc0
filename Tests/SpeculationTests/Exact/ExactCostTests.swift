import Diffusion
import Speculation
import Testing

@Suite struct DraftErrorCurveTests {
    private func flat(_ r: Double) throws -> DraftErrorCurve {
        try #require(DraftErrorCurve([.init(t: 0.5, r: r)]))
    }

    /// ALGORITHMS.md §5: mean acceptance over the first 80 % of the steps, η = 1.
    @Test(
        arguments: [
            (4096, 25, 1.0, [0.87, 0.68, 0.45, 0.21]), (4096, 25, 3, [0.93, 0.83, 0.68, 0.47]),
            (4096, 50, 3, [0.95, 0.88, 0.77, 0.58]), (4096, 100, 3, [0.97, 0.92, 0.83, 0.69]),
            (1024, 50, 3, [0.98, 0.94, 0.88, 0.77]),
        ])
    func acceptanceIsThatOfTheSpecification(
        elementCount: Int, stepCount: Int, shift: Double, expected: [Double]
    ) throws {
        let schedule = try FlowSchedule(stepCount: stepCount, shift: shift)
        let times = schedule.times.prefix(stepCount * 4 / 5 + 1)
        for (r, wanted) in zip([0.02, 0.05, 0.1, 0.2], expected) {
            let curve = try flat(r)
            let all = zip(times, times.dropFirst()).map {
                curve.acceptance(of: AncestralKernel(from: $0, to: $1, eta: 1), elementCount: elementCount)
            }
            #expect(abs(all.reduce(0, +) / Double(all.count) - wanted) < 0.006, "r = \(r)")
        }
    }

    @Test func anEqualDraftPassesAlwaysAndTheLastStepNever() throws {
        let step = AncestralKernel(from: 0.5, to: 0.4, eta: 1)
        #expect(try flat(0).acceptance(of: step, elementCount: 4096) == 1)
        let last = AncestralKernel(from: 0.1, to: 0, eta: 1)
        #expect(try flat(0).acceptance(of: last, elementCount: 4096) == 0)
    }

    @Test func correctionMakesTheErrorSmallerAtAllTimes() throws {
        let curve = try #require(DraftErrorCurve([.init(t: 0.9, r: 0.5), .init(t: 0.2, r: 0.4)]))
        #expect(abs(curve.error(at: 0.55) - 0.45) < 1e-12 && curve.error(at: 1) == 0.5)
        for t in stride(from: 0.05, through: 1, by: 0.05) {
            let (last, ahead) = (curve.corrected(by: .last).error(at: t), curve.corrected(by: .ahead).error(at: t))
            #expect(ahead < last && last < curve.error(at: t))
        }
        #expect(curve.corrected(by: .none) == curve)
        #expect(DraftErrorCurve.held(.none) == .held(.last))
    }

    @Test(
        arguments: [[], [(0.5, -0.1)], [(0.5, .nan)], [(1.5, 0.1)], [(0.5, 0.1), (0.5, 0.2)]] as [[(Double, Double)]])
    func curvesThatMakeNoSenseAreNone(points: [(Double, Double)]) {
        #expect(DraftErrorCurve(points.map { .init(t: $0.0, r: $0.1) }) == nil)
    }
}

@Suite struct ExactCostTests {
    private func cost(
        _ acceptances: [Double], tail: Int = 2, roundTrip: Double = 0.05, edge: Double = 0.005,
        there: Double = 0.005, row: Double = 0.5, correction: ResidualCorrection = .last
    ) -> ExactCost {
        var cost = ExactCost(
            acceptances: acceptances, tailStepCount: tail, edgeSecondsPerDraft: edge, verifierSecondsPerDraft: there,
            verifier: VerifierPace(secondsPerEvaluation: 0.02, fixedSeconds: 0.03, rowShare: row),
            network: NetworkEstimate(
                roundTripSeconds: roundTrip, uploadBytesPerSecond: 1e5, downloadBytesPerSecond: 2e5),
            isConnected: true, elementCount: 2048, pictureBytes: 10_000, correction: correction)
        (cost.draftBytes, cost.residualBytes) = (500, 700)
        return cost
    }

    @Test(arguments: [1, 3, 4, 16]) func draftsThatAlwaysPassGoInWholeWindows(length: Int) {
        let prediction = cost(Array(repeating: 1, count: 40)).prediction(.verifier, length: length)
        #expect(abs(prediction.rounds - Double((40 + length - 1) / length + 2)) < 1e-9)
        #expect(abs(prediction.verifierEvaluations - 42) < 1e-9)
    }

    @Test func draftsThatNeverPassGoOneStepARound() {
        let prediction = cost(Array(repeating: 0, count: 10)).prediction(.verifier, length: 4)
        #expect(abs(prediction.rounds - 12) < 1e-9)
        // Windows of four until three steps are left: 7·4 + 3 + 2 + 1, and the tail.
        #expect(abs(prediction.verifierEvaluations - (28 + 6 + 2)) < 1e-9)
    }

    /// By hand: one window of two, each passing half of the time. It settles one step with ½, then another window follows.
    @Test func theSecondsAreThoseOfTheFormula() {
        let model = cost([0.5, 0.5], tail: 1)
        let pair = 0.02 + 0.01
        let windows = 1 + 0.5
        let there = model.prediction(.verifier, length: 2)
        let way = 0.05 + 500 / 1e5 + 10_000 / 2e5
        #expect(abs(there.rounds - (windows + 1)) < 1e-12)
        let computing = pair + 2 * 0.005 + 0.5 * (0.02 + 0.005)
        #expect(abs(there.latency - (way + computing + 0.02 + 0.03)) < 1e-12)
        // The edge pays a round trip a window instead of one, and the bytes: 1,000 up, 700 down; then 500 and 700.
        let here = model.prediction(.edge, length: 2)
        let travel = windows * (0.05 + 500 / 1e5 + 700 / 2e5) + (1000 + 0.5 * 500) / 1e5
        #expect(abs(here.latency - (way - 0.05 + computing + travel + 0.02 + 0.03)) < 1e-12)
        // With `ahead` the first window's reply has a residual more if its first step fails.
        let ahead = cost([0.5, 0.5], tail: 1, correction: .ahead).prediction(.edge, length: 2)
        #expect(abs(ahead.latency - here.latency - 0.5 * 700 / 2e5) < 1e-12)
    }

    /// The expectation against chains that are drawn: 20,000 of them, whose means have standard errors of about 0.02 rounds and
    /// 0.4 evaluations.
    @Test(arguments: [2, 4, 8, 16]) func theExpectationIsTheMeanOfManyChains(length: Int) {
        let acceptances = (0..<40).map { 0.9 - 0.015 * Double($0) }
        let prediction = cost(acceptances).prediction(.verifier, length: length)
        var state: UInt64 = 7
        func uniform() -> Double {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double(state >> 11) / 9_007_199_254_740_992
        }
        var (rounds, evaluations) = (0, 0)
        for _ in 0..<20_000 {
            var step = 0
            while step < 40 {
                let drafted = min(length, 40 - step)
                var accepted = 0
                while accepted < drafted, uniform() < acceptances[step + accepted] { accepted += 1 }
                step += min(accepted + 1, drafted)
                rounds += 1
                evaluations += drafted
            }
        }
        #expect(abs(prediction.rounds - Double(rounds) / 20_000 - 2) < 0.1)
        #expect(abs(prediction.verifierEvaluations - Double(evaluations) / 20_000 - 2) < 2)
    }

    @Test func theEdgeDraftsOnlyWhereItsRoundTripsPay() {
        let acceptances = [Double](repeating: 0.7, count: 40)
        #expect(cost(acceptances).best().placement == .verifier)
        // A verifier whose machine drafts slowly, next door.
        let slow = cost(acceptances, roundTrip: 0.001, there: 0.1)
        #expect(slow.best().placement == .edge)
        #expect(slow.best(placement: .verifier).placement == .verifier)
        #expect(slow.best(placement: .edge).latency < slow.best(placement: .verifier).latency)
    }

    @Test func windowsAreLongWhereRoundsAreDearAndShortWhereStatesAre() {
        let acceptances = [Double](repeating: 0.9, count: 40)
        // A card that is not full: a row more costs nothing.
        #expect(cost(acceptances, there: 0, row: 0).best(placement: .verifier).length == 16)
        // A processor: each row costs as much as the first.
        #expect(cost(acceptances, row: 1).best(placement: .verifier).length == 1)
        // The same processor far away: rounds are round trips now.
        #expect(cost(acceptances, roundTrip: 0.6, row: 1).best(placement: .edge).length > 4)
        #expect(cost(acceptances, row: 0).best(window: .fixed(3)).length == 3)
        // Whatever is chosen is the cheapest of what could be.
        let model = cost(acceptances, row: 0.3)
        for placement in [ExactPlacement.edge, .verifier] {
            for length in WindowPolicy.automaticLengths {
                #expect(model.best().latency <= model.prediction(placement, length: length).latency)
            }
        }
    }

    @Test func nothingToDraftIsTheVerifierAlone() {
        let model = cost([], tail: 10)
        for placement in [ExactPlacement.edge, .verifier] {
            let alone = model.prediction(placement, length: 4)
            #expect(alone.rounds == 10 && alone.verifierEvaluations == 10)
            #expect(abs(alone.latency - (0.05 + 500 / 1e5 + 10_000 / 2e5 + 10 * 0.02 + 0.03)) < 1e-12)
        }
    }

    /// A chain of 20 rounds and 60 states in 0.02·(20 + 40·0.25) s teaches that a row more costs a quarter.
    @Test func aChainTeachesWhatARowMoreCosts() {
        var exact = ExactTelemetry(placement: .verifier)
        (exact.rounds, exact.verifierEvaluations) = (20, 60)
        func telemetry(_ exact: ExactTelemetry) -> VerificationTelemetry {
            VerificationTelemetry(
                levels: [], reentryStep: 0, verifierEvaluations: 60, verifierOnlyEvaluations: 50,
                stages: [StageTime(name: "text", milliseconds: 5), StageTime(name: "chain", milliseconds: 600)],
                receivedBytes: 0, exact: exact)
        }
        let pace = VerifierPace(secondsPerEvaluation: 0.02, fixedSeconds: 0.03)
        let share = pace.rowShare(shownBy: telemetry(exact))
        #expect(abs((share ?? .nan) - 0.25) < 1e-12)
        exact.draftEvaluations = 40
        #expect(pace.rowShare(shownBy: telemetry(exact)) == nil)
        #expect(VerifierPace(telemetry(exact)) == nil)
    }
}
