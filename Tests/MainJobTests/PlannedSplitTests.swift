import CPUBackend
import Diffusion
import EdgeRuntime
import Foundation
import LatentCoding
import Models
import Pictures
import Speculation
import Synchronization
import Testing
import VerifierRuntime

/// The cost model with real, tiny models, and the large-first control.
@Suite struct PlannedSplitTests {
    private func planner(_ workshop: Workshop) -> SplitPlanner {
        SplitPlanner(
            painter: workshop.painter,
            cache: PlanningCache(folder: workshop.journal.folder.appendingPathComponent("c")),
            verifier: .embedded(
                backend: "test",
                measurePace: { [verifier = workshop.verifier] in try verifier.measurePace(at: $0, check: $1) }),
            computation: "test")
    }

    @Test func whatWasMeasuredIsKeptAndTheChoiceKeepsTheBound() async throws {
        let workshop = try Workshop()
        defer { try? FileManager.default.removeItem(at: workshop.journal.folder) }
        let said = Mutex<[String]>([])
        let plan = try await planner(workshop).plan(
            workshop.request(), measuring: { text in said.withLock { $0.append(text) } })
        #expect(said.withLock { $0.count } == 2)
        #expect(plan.model.edge.isPlausible && plan.model.verifier.isPlausible)
        #expect(plan.choice.fraction <= 0.8)
        #expect(plan.model.network == .none)
        let again = try await planner(workshop).plan(
            workshop.request(), measuring: { text in said.withLock { $0.append(text) } })
        #expect(said.withLock { $0.count } == 2)
        #expect(again.model.edge == plan.model.edge && again.choice == plan.choice)
        // What a row more costs is measured as well: by it windows are chosen.
        #expect(plan.model.verifier.rowShare != nil)
        // Whoever holds drafts to something else is told nothing by what was measured of the usual.
        #expect(plan.model.rule == workshop.models.checkRule)
        var strict = workshop.request()
        (strict.checkThreshold, strict.checkLevels) = (0.05, [0.6])
        let other = try await planner(workshop).plan(strict)
        #expect(other.model.rule != plan.model.rule && other.model.quality == nil)
        // Another size is another speed, here and of the verifier.
        var larger = workshop.request()
        larger.width = 128
        _ = try await planner(workshop).plan(larger, measuring: { text in said.withLock { $0.append(text) } })
        #expect(said.withLock { $0.count } == 4)
    }

    /// A machine that was idle when it was measured and is busy now: every picture moves the kept speed towards its own.
    @Test func theKeptSpeedFollowsThePictures() async throws {
        let workshop = try Workshop()
        defer { try? FileManager.default.removeItem(at: workshop.journal.folder) }
        let planner = planner(workshop)
        let before = try await planner.plan(workshop.request()).model.edge
        let made = try await workshop.embedded.make(workshop.request())
        let seconds = before.fixedSeconds + 2 * before.secondsPerStep * Double(made.report.draftSteps)
        func learn(candidateCount: Int) {
            // What compiling took is no part of it.
            let slow = MakingReport(
                job: made.job, origin: .hybrid, candidateCount: candidateCount, edgeSeconds: seconds + 5,
                edgePreparationSeconds: 5, verifierSeconds: 1, verification: nil, unknownWords: [])
            planner.learn(from: FinishedPicture(picture: made.picture, job: made.job, report: slow))
        }
        // Two drafts take twice the time of one, which says nothing of the machine.
        learn(candidateCount: 2)
        #expect(try await planner.plan(workshop.request()).model.edge == before)
        learn(candidateCount: 1)
        let after = try await planner.plan(workshop.request()).model.edge
        #expect(abs(after.secondsPerStep / before.secondsPerStep - 1.2) < 1e-9)
    }

    /// In one process drafts have nowhere else to go; a window that is asked for stays, one that is not is chosen.
    @Test func exactModesWindowIsChosenAndWhatIsAskedForStays() async throws {
        let workshop = try Workshop()
        defer { try? FileManager.default.removeItem(at: workshop.journal.folder) }
        func plan(
            _ placement: ExactPlacement, _ window: WindowPolicy, draft: ExactDraft = .held
        ) async throws -> ExactPrediction? {
            var request = workshop.request(mode: .exact)
            request.exact = ExactOptions(window: window, placement: placement, draft: draft)
            return try await planner(workshop).planExact(request, draftShare: { _ in 1 })
        }
        let chosen = try #require(try await plan(.auto, .auto))
        #expect(chosen.placement == .verifier && WindowPolicy.automaticLengths.contains(chosen.length))
        #expect(chosen.latency > 0 && chosen.rounds >= 1 && chosen.rounds <= 10)
        #expect(try await plan(.auto, .fixed(5))?.length == 5)
        #expect(try await plan(.verifier, .fixed(5)) == nil)
        // The tiny test models say nothing of the draft's error.
        #expect(try await plan(.edge, .auto) == nil)
    }

    @Test func aStoppedJobGivesThePictureInItsStateAndTheDraftCanGoOn() async throws {
        let workshop = try Workshop()
        let begun = try workshop.painter.draft(workshop.request(handoff: 0), id: .random(), progress: { _ in })
        var job = begun.job
        (job.stopStep, job.mode, job.result) = (6, .trust, .latent)
        try job.validate()
        let half = try workshop.verifier.execute(job, report: { _ in })
        #expect(half.telemetry.verifierEvaluations == 6)
        // Alone it would have stopped there too.
        #expect(half.telemetry.verifierOnlyEvaluations == 6)
        let estimate = try LatentCodec.decode(half.payload, expecting: job.latentShape)
        // Whoever goes on from it, the verifier or the draft, takes the steps that are left from that picture.
        var rest = job
        (rest.handoffStep, rest.stopStep, rest.codedEstimate) = (6, nil, half.payload)
        let whole = try LatentCodec.decode(
            try workshop.verifier.execute(rest, report: { _ in }).payload, expecting: job.latentShape)
        let finished = try workshop.painter.finish(rest, progress: { _ in })
        #expect(finished.job.handoffStep == 10)
        for (found, model) in [(whole, workshop.models.verifier), (finished.estimate, workshop.models.draft)] {
            let expected = try picture(by: model, workshop, of: rest, from: estimate)
            let difference = zip(found.values, expected.values).map { abs($0 - $1) }.max() ?? .infinity
            let size = expected.values.map(abs).max() ?? 0
            #expect(found.shape == expected.shape && difference <= 1e-5 * size, "\(difference) of \(size)")
        }
    }

    /// What a model makes of the picture in a hand-off, by the formulas: the seed's noise put back, then the steps that are left.
    private func picture(
        by model: DenoiserModel, _ workshop: Workshop, of job: VerificationJob, from estimate: Latent
    ) throws -> Latent {
        let backend = CPUBackend(threads: ThreadPolicy(count: 2))
        let text = try workshop.models.shared.text(on: backend)
        var prompted = PromptedDenoiser(
            try model.denoiser(on: backend), prompt: try text.encode(job.prompt).conditioning,
            unconditional: try text.unconditional(), guidance: Double(job.guidanceScale))
        let schedule = try FlowSchedule(stepCount: job.stepCount, shift: job.scheduleShift)
        let noise = NoiseGenerator(seed: job.seed).latent(job.latentShape, stream: 0)
        let state = noisedState(picture: estimate, noise: noise, time: schedule.times[job.handoffStep])
        return try FlowTrajectory(schedule).run(job.handoffStep..<job.stepCount, from: state, with: &prompted)
    }

    /// Ten steps drafted but for two, four of the verifier's own: one is left from the hand-off on.
    @Test func aVerifierTakesStepsOfItsOwn() async throws {
        let workshop = try Workshop()
        var request = workshop.request(mode: .trust)
        request.verifierStepCount = 4
        let finished = try await workshop.embedded.make(request)
        let telemetry = try #require(finished.report.verification)
        #expect(finished.job.handoffStep == 8 && finished.job.entryStep == 3 && telemetry.reentryStep == 3)
        #expect(telemetry.verifierEvaluations == 1 && telemetry.verifierOnlyEvaluations == 4)
        #expect(finished.report.stepCount == 10 && finished.report.verifierStepCount == 4)
        let text = try #require(try PNG.decode(try finished.file(as: .png)).text.first { $0.key == "parameters" }).text
        for part in ["Steps: 10,", "Hand-off: 8/10", "Verifier steps: 4", "Re-entry: 3/4", "Verifier evaluations: 1/4"]
        {
            #expect(text.contains(part))
        }
        var tally = SpeculationTally()
        tally.add(telemetry, entryStep: finished.job.entryStep)
        #expect(tally.acceptedCount == 1 && tally.evaluationShare == 0.25)
        request.handoffFraction = 0
        let alone = try #require(try await workshop.embedded.make(request).report.verification)
        #expect(alone.verifierEvaluations == 4)
        #expect(workshop.models.stepCounts == StepCounts(draft: 25, verifier: 8))
    }

    /// The speed of a draft does not depend on who goes on; a verifier of one step cannot.
    @Test func theSpeedIsMeasuredWhateverTheVerifierTakes() throws {
        let workshop = try Workshop()
        var request = workshop.request()
        request.verifierStepCount = 1
        #expect(try workshop.painter.measureSpeed(like: request).isPlausible)
    }

    @Test func theCountsAreInThePicturesText() async throws {
        let workshop = try Workshop()
        let finished = try await workshop.embedded.make(workshop.request())
        let telemetry = try #require(finished.report.verification)
        let text = try #require(try PNG.decode(try finished.file(as: .png)).text.first { $0.key == "parameters" }).text
        #expect(text.contains("Re-entry: \(telemetry.reentryStep)/10"))
        #expect(text.contains("Verifier evaluations: \(telemetry.verifierEvaluations)/10"))
        #expect(finished.report.resultBytes > 0)
    }
}
