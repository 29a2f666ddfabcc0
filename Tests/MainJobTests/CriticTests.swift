import CPUBackend
import EdgeRuntime
import Models
import Speculation
import Testing
import VerifierRuntime

/// A verifier whose check asks its critic.
@Suite struct CriticTests {
    @Test func whatItLetsPassCostsTheStepsThatAreLeft() async throws {
        let workshop = try Workshop(mostDoubt: 1e6)
        let telemetry = try #require(try await workshop.embedded.make(workshop.request()).report.verification)
        #expect(telemetry.levels.map(\.kind) == [.promptDoubt, .estimateDistance])
        #expect(telemetry.levels.allSatisfy(\.passes) && telemetry.reentryStep == 8)
        #expect(telemetry.verifierEvaluations == 2 && telemetry.verifierOnlyEvaluations == 10)
    }

    @Test func whatItDropsCostsWhatTheVerifierAloneDoes() async throws {
        let workshop = try Workshop(mostDoubt: -1e6)
        let dropped = try await workshop.embedded.make(workshop.request())
        let telemetry = try #require(dropped.report.verification)
        #expect(telemetry.levels.map(\.kind) == [.promptDoubt] && telemetry.reentryStep == 0)
        #expect(telemetry.verifierEvaluations == 10)
        #expect(telemetry.stages.contains { $0.name == "check" && $0.milliseconds > 0 })
        #expect(try await dropped.picture == workshop.embedded.make(workshop.request(handoff: 0)).picture)
    }

    /// Both are questions to the critic, which cost the verifier nothing; its first step is the evaluation by which it is checked.
    @Test(arguments: [(1e6, 1e6, 8, 2), (-1e6, 1e6, 6, 4), (-1e6, -1e6, 0, 10)])
    func anUnlikeDraftIsTakenUpAtMoreNoise(
        atHandoff: Double, above: Double, entry: Int, evaluations: Int
    ) async throws {
        let workshop = try Workshop(mostDoubt: 1e6, mostUnlikeness: (atHandoff, above))
        let made = try await workshop.embedded.make(workshop.request())
        let telemetry = try #require(made.report.verification)
        #expect(telemetry.reentryStep == entry && telemetry.verifierEvaluations == evaluations)
        let distances: [CheckStatistic] = entry > 0 ? [.estimateDistance] : []
        let likeness = Array(repeating: CheckStatistic.unlikeness, count: entry == 8 ? 1 : 2)
        #expect(telemetry.levels.map(\.kind) == [.promptDoubt] + likeness + distances)
        var lenient = workshop.request()
        lenient.checkLikeness = 0
        let unasked = try #require(try await workshop.embedded.make(lenient).report.verification)
        #expect(unasked.levels.map(\.kind) == [.promptDoubt, .estimateDistance] && unasked.reentryStep == 8)
    }

    /// Before anything is drafted: the verifier would refuse it after.
    @Test func whatNoCriticTellsIsNotAskedFor() throws {
        for workshop in [try Workshop(), try Workshop(mostDoubt: 1e6)] {
            var request = workshop.request()
            request.checkLikeness = 0.1
            #expect(throws: SpeculationError.noLikeness) {
                try workshop.painter.draft(request, id: .random()) { _ in Issue.record("a step was taken") }
            }
        }
    }

    /// One job's question to the critic comes beside another's step.
    @Test(arguments: [(1e6, nil), (-1e6, nil), (1e6, (-1e6, 1e6))] as [(Double, (Double, Double)?)])
    func jobsUnderWayTogetherEndAsTheyDoAlone(mostDoubt: Double, mostUnlikeness: (Double, Double)?) throws {
        let workshop = try Workshop(mostDoubt: mostDoubt, mostUnlikeness: mostUnlikeness)
        let jobs = try (0..<4).map { index in
            let request = workshop.request(handoff: index == 1 ? 0 : 0.8, seed: UInt64(index))
            return try workshop.painter.draft(request, id: .random(), progress: { _ in }).job
        }
        let shared = try PictureVerifier(
            models: workshop.models, backend: CPUBackend(threads: ThreadPolicy(count: 2)))
        let feed = ListFeed(jobs, limit: 4)
        feed.run(with: shared)
        for job in jobs {
            let alone = try workshop.verifier.execute(job) { _ in }
            let found = try #require(feed.end(of: job.id)).get()
            #expect(found.telemetry.verifierEvaluations == alone.telemetry.verifierEvaluations)
            #expect(found.telemetry.levels.map(\.kind) == alone.telemetry.levels.map(\.kind))
            let (a, b) = (try FinishedPNG.pixels(found.payload), try FinishedPNG.pixels(alone.payload))
            #expect(a.count == b.count && zip(a, b).allSatisfy { abs(Int($0) - Int($1)) <= 1 })
        }
    }

    @Test func aServerCanWarmUpWithIt() throws {
        for mostDoubt in [1e6, -1e6] {
            let verifier = try Workshop(mostDoubt: mostDoubt).verifier
            #expect(try verifier.measurePace().secondsPerEvaluation > 0)
            // A person may have changed their mind.
            #expect(throws: CancellationError.self) { try verifier.measurePace { throw CancellationError() } }
        }
    }

    /// What a split costs in mode `handoff` hangs on who answers for the prompt; in mode `trust` nobody is asked.
    @Test(arguments: [true, false]) func aCurveHoldsForTheCriticThatItWasMeasuredWith(isItsOwn: Bool) throws {
        let workshop = try Workshop(mostDoubt: 0) { manifest in
            let digest = (manifest["files"] as? [String: [String: Any]])?["critic"]?["sha256"] as? String
            let curve: [String: Any] = ["fractions": [0, 0.8], "losses": [0, 0.1], "evaluationShares": [1, 0.3]]
            manifest["quality"] = [
                "statistic": "pictureDistance", "stepCount": 25, "samples": 4, "draft": "studio-draft",
                "draftDigest": Self.draftDigest ?? "",
                "critic": isItsOwn ? digest ?? "" : String(repeating: "0", count: 64),
                "modes": ["handoff": curve, "trust": curve],
            ]
        }
        #expect((workshop.models.qualityCurve(for: .handoff) != nil) == isItsOwn)
        #expect(workshop.models.qualityCurve(for: .trust) != nil)
    }

    private static let draftDigest = try? Workshop().models.draft.weightsDigest

    /// A critic that was trained on has other weights; the pair works, and the check is none until it is calibrated.
    @Test func aCheckThatAskedAnotherCriticIsNone() throws {
        let workshop = try Workshop { manifest in
            var check = manifest["check"] as? [String: Any]
            check?["rule"] = "promptDoubt+estimateDistance"
            check?["critic"] = String(repeating: "0", count: 64)
            manifest["check"] = check
        }
        #expect(workshop.models.verifier.manifest.check?.calibration != nil)
        #expect(workshop.models.verifier.calibration == nil)
        let checked = try workshop.painter.draft(workshop.request(), id: .random(), progress: { _ in }).job
        #expect(throws: VerifierError.self) { try workshop.verifier.execute(checked) { _ in } }
        let trusted = try workshop.painter.draft(workshop.request(mode: .trust), id: .random(), progress: { _ in }).job
        #expect(try workshop.verifier.execute(trusted) { _ in }.telemetry.verifierEvaluations == 2)
    }
}
