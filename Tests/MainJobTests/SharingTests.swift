import CPUBackend
import Diffusion
import Models
import Speculation
import Testing

@testable import EdgeRuntime
@testable import VerifierRuntime

/// Several jobs under way at once, with the tiny models.
@Suite struct SharingTests {
    private let workshop: Workshop
    private let shared: PictureVerifier

    init() throws {
        workshop = try Workshop()
        shared = try PictureVerifier(
            models: workshop.models, backend: CPUBackend(threads: ThreadPolicy(count: 2)))
    }

    private func job(
        _ id: String, handoff: Double = 0.8, seed: UInt64 = 7, mode: SpeculationMode = .handoff, steps: Int = 10,
        isWide: Bool = false
    ) throws -> VerificationJob {
        var request = workshop.request(handoff: handoff, seed: seed, mode: mode)
        request.stepCount = steps
        if isWide { (request.width, request.height) = (96, 64) }
        return try workshop.painter.draft(request, id: try #require(JobID(id)), progress: { _ in }).job
    }

    private func runCount(_ verifier: PictureVerifier) -> Int { verifier.studio.withLock { $0.denoiser.count.runs } }

    /// Of the bytes of a picture; 1 of 255 is a rounding that fell the other way.
    private func expectSamePicture(_ found: VerificationOutcome, _ alone: VerificationOutcome) throws {
        let (a, b) = (try FinishedPNG.pixels(found.payload), try FinishedPNG.pixels(alone.payload))
        #expect(a.count == b.count && zip(a, b).allSatisfy { abs(Int($0) - Int($1)) <= 1 })
        #expect(found.telemetry.reentryStep == alone.telemetry.reentryStep)
        #expect(found.telemetry.verifierEvaluations == alone.telemetry.verifierEvaluations)
    }

    @Test func jobsOfAllKindsEndAsTheyDoAlone() throws {
        var done = try job("nothing-left", mode: .trust)
        done.handoffStep = done.stepCount
        let jobs = try [
            done, job("checked"), job("other-seed", seed: 8), job("trusted", mode: .trust), job("alone", handoff: 0),
            job("wide", isWide: true), job("short", handoff: 0.5, mode: .trust, steps: 4),
        ]
        // All of them at once: with fewer, how many share a batch would depend on how fast files are written.
        let feed = ListFeed(jobs, limit: jobs.count)
        feed.run(with: shared)
        // The one with nothing left to do may be over before the last begins.
        #expect(feed.mostAtOnce >= jobs.count - 1)
        var aloneRuns = 0
        for job in jobs {
            let before = runCount(workshop.verifier)
            var events: [VerificationEvent] = []
            let alone = try workshop.verifier.execute(job) { events.append($0) }
            aloneRuns += runCount(workshop.verifier) - before
            try expectSamePicture(try #require(feed.end(of: job.id)).get(), alone)
            let kinds = { (events: [VerificationEvent]) in
                events.map { event in if case .checked(_, let step) = event { "checked \(step)" } else { "\(event)" } }
            }
            #expect(kinds(feed.events(of: job.id)) == kinds(events))
        }
        #expect(runCount(shared) < aloneRuns * 2 / 3, "\(runCount(shared)) runs of the network instead of \(aloneRuns)")
    }

    @Test func aJobThatFailsOrIsStoppedLeavesTheOthersAlone() throws {
        let (good, stopped) = (try job("good"), try job("stopped", seed: 8))
        var (damaged, foreign) = (try job("damaged"), try job("foreign"))
        damaged.codedEstimate.removeLast()
        foreign.verifier = ModelIdentity(id: "other", weightsDigest: foreign.verifier.weightsDigest)
        let feed = ListFeed([damaged, good, stopped, foreign], limit: 4, stops: [stopped.id: 2])
        feed.run(with: shared)
        func code(_ job: VerificationJob) throws -> VerifierError.Code? {
            guard case .failure(let error as VerifierError) = try #require(feed.end(of: job.id)) else { return nil }
            return error.code
        }
        #expect(try code(damaged) == .invalidLatent)
        #expect(try code(foreign) == .unknownModel)
        #expect(try code(stopped) == .cancelled)
        #expect(feed.events(of: stopped.id).count == 2)
        try expectSamePicture(
            try #require(feed.end(of: good.id)).get(), try workshop.verifier.execute(good, report: { _ in }))
    }

    @Test func chainsAreExecutedBetweenTheOthersSteps() throws {
        var request = workshop.request(mode: .exact)
        request.exact = ExactOptions(window: .fixed(4), placement: .verifier, draft: .held, correction: .last)
        let chain = try workshop.painter.exactJob(request, id: .random(), options: try #require(request.exact)).job
        let good = try job("good")
        let feed = ListFeed([good, chain], limit: 2)
        feed.run(with: shared)
        for job in [good, chain] {
            let alone = try workshop.verifier.execute(job, report: { _ in })
            try expectSamePicture(try #require(feed.end(of: job.id)).get(), alone)
        }
    }

    @Test func jobsUnderWayTakeAStepBetweenTwoChains() throws {
        var request = workshop.request(mode: .exact)
        let exact = ExactOptions(window: .fixed(4), placement: .verifier, draft: .held, correction: .last)
        request.exact = exact
        let chains = try ["first", "second"].map { name in
            try workshop.painter.exactJob(request, id: try #require(JobID(name)), options: exact).job
        }
        let alone = try job("alone", handoff: 0)
        let feed = ListFeed([alone] + chains, limit: 2)
        feed.run(with: shared)
        let second = try #require(feed.reported.firstIndex(of: chains[1].id))
        #expect(feed.reported[..<second].contains(alone.id))
        for job in [alone] + chains { _ = try #require(feed.end(of: job.id)).get() }
    }

    @Test func theTimesOfJobsThatSharedBatchesAddUpToNoMoreThanThereWas() throws {
        let jobs = try (1...4).map { try job("job-\($0)", seed: UInt64($0)) }
        let feed = ListFeed(jobs, limit: 4)
        let start = ContinuousClock.now
        feed.run(with: shared)
        let elapsed = ContinuousClock.now - start
        let stages = try jobs.flatMap { try #require(feed.end(of: $0.id)).get().telemetry.stages }
        #expect(Set(stages.map(\.name)) == ["text", "prepare", "check", "refine", "others", "decode", "encode"])
        // Encoding runs beside the rest.
        let models = stages.filter { !["encode", "others"].contains($0.name) }.reduce(0) { $0 + $1.milliseconds }
        #expect(models > 0 && .milliseconds(models) <= elapsed)
        let telemetry = try #require(feed.end(of: jobs[0].id)).get().telemetry
        #expect(telemetry.hadCompany && VerifierPace(telemetry) == nil)
        #expect(VerifierPace(try workshop.verifier.execute(jobs[0], report: { _ in }).telemetry) != nil)
    }
}
