import Diffusion
import EdgeRuntime
import Foundation
import Pictures
import Speculation
import Synchronization
import Testing
import VerifierRuntime

@Suite struct ExactTests {
    private func request(
        _ workshop: Workshop, _ placement: ExactPlacement, draft: ExactDraft = .model, window: WindowPolicy = .fixed(3),
        correction: ResidualCorrection = .ahead, handoff: Double = 0.8
    ) -> GenerationRequest {
        var request = workshop.request(handoff: handoff, mode: .exact)
        request.exact = ExactOptions(window: window, placement: placement, draft: draft, correction: correction)
        return request
    }

    /// The windows of a chain, as an edge sends them.
    private func windows(_ workshop: Workshop) async throws -> [VerificationJob] {
        let jobs = Mutex<[VerificationJob]>([])
        let verifier = workshop.verifier
        let recording = InProcessVerifierTransport(models: verifier.catalogue) { job, report in
            jobs.withLock { $0.append(job) }
            return try verifier.execute(job, report: report)
        }
        _ = try await workshop.maker(recording).make(request(workshop, .edge))
        return jobs.withLock { $0 }
    }

    @Test(arguments: [(ExactDraft.held, WindowPolicy.auto), (.model, .fixed(3))])
    func verifierRunsTheChainByItself(draft: ExactDraft, window: WindowPolicy) async throws {
        let workshop = try Workshop()
        let asked = request(workshop, .auto, draft: draft, window: window)
        let finished = try await workshop.embedded.make(asked)
        let exact = try #require(finished.report.verification?.exact)
        #expect(exact.placement == .verifier)
        #expect(exact.tailSteps == 2)
        #expect(exact.rounds == exact.windows + 2)
        #expect(exact.judgedSteps == 8)
        #expect(exact.verifierEvaluations == exact.draftedSteps + 2)
        #expect(exact.sentBytes == 0 && finished.job.codedEstimate.isEmpty)
        #expect((exact.draftEvaluations == 0) == (draft == .held))
        let again = try await workshop.embedded.make(asked)
        #expect(try again.file(as: .png) == finished.file(as: .png))
        let text = try #require(try PNG.decode(try finished.file(as: .png)).text.first?.text)
        #expect(text.contains("Mode: exact"))
    }

    @Test(arguments: ResidualCorrection.allCases)
    func edgeDraftsWindowByWindow(correction: ResidualCorrection) async throws {
        let workshop = try Workshop()
        let finished = try await workshop.embedded.make(request(workshop, .edge, correction: correction))
        let exact = try #require(finished.report.verification?.exact)
        #expect(exact.placement == .edge)
        #expect(exact.judgedSteps == 8 && exact.tailSteps == 2)
        #expect(exact.draftEvaluations == exact.draftedSteps)
        #expect(exact.sentBytes > 0 && finished.report.latentBytes == exact.sentBytes)
        #expect(finished.report.edgeSeconds > 0)
    }

    @Test(arguments: [ExactPlacement.edge, .verifier])
    func chainsFollowTheScheduleThatIsAskedFor(placement: ExactPlacement) async throws {
        let workshop = try Workshop()
        let usual = try await workshop.embedded.make(request(workshop, placement))
        var asked = request(workshop, placement)
        asked.scheduleShift = 1.25
        let shifted = try await workshop.embedded.make(asked)
        #expect(shifted.job.scheduleShift == 1.25 && usual.job.scheduleShift != 1.25)
        #expect(shifted.picture != usual.picture)
    }

    @Test func aChainIsNoDraftThatWasDroppedAndNoPace() async throws {
        let workshop = try Workshop()
        let finished = try await workshop.embedded.make(request(workshop, .edge))
        let telemetry = try #require(finished.report.verification)
        var tally = SpeculationTally()
        tally.add(telemetry, entryStep: finished.job.entryStep)
        #expect(tally.pictureCount == 0)
        #expect(VerifierPace(telemetry) == nil)
        #expect(finished.report.resultBytes > 0)
    }

    @Test func nothingToDraftIsTheVerifiersOwnChain() async throws {
        let workshop = try Workshop()
        let here = try await workshop.embedded.make(request(workshop, .edge, handoff: 0))
        let there = try await workshop.embedded.make(request(workshop, .verifier, handoff: 0))
        #expect(here.picture == there.picture)
        #expect(here.report.verification?.exact?.rounds == 10)
    }

    @Test func lostReplyIsAskedForAgainAndGivesTheSamePicture() async throws {
        let workshop = try Workshop()
        let expected = try await workshop.embedded.make(request(workshop, .edge)).picture
        // Executes every window twice, as when the first reply got lost and nobody remembered the job.
        let verifier = workshop.verifier
        let stuttering = InProcessVerifierTransport(models: verifier.catalogue) { job, report in
            let first = try verifier.execute(job, report: report)
            let second = try verifier.execute(job, report: report)
            #expect(first == second)
            return second
        }
        #expect(try await workshop.maker(stuttering).make(request(workshop, .edge)).picture == expected)
    }

    @Test func verifierThatForgotTheChainIsGivenItAnew() async throws {
        let workshop = try Workshop()
        let expected = try await workshop.embedded.make(request(workshop, .edge)).picture
        let (first, second) = (workshop.verifier, try Workshop().verifier)
        let count = Mutex(0)
        // The verifier is restarted after the second window.
        let forgetful = InProcessVerifierTransport(models: first.catalogue) { job, report in
            let isFirst = count.withLock { count in
                count += 1
                return count <= 2
            }
            return try (isFirst ? first : second).execute(job, report: report)
        }
        let finished = try await workshop.maker(forgetful).make(request(workshop, .edge))
        #expect(finished.picture == expected)
        #expect(count.withLock { $0 } > 4)
    }

    @Test(arguments: [ExactPlacement.edge, .verifier])
    func verifierThatIsGoneLeavesTheJobForResume(placement: ExactPlacement) async throws {
        let workshop = try Workshop()
        let expected = try await workshop.embedded.make(request(workshop, placement)).picture
        let error = try await #require(throws: UnverifiedError.self) {
            try await workshop.maker(DeadVerifier(), address: "http://127.0.0.1:9").make(request(workshop, placement))
        }
        let kept = try HandoffJournal.read(error.file)
        #expect(kept.job.mode == .exact && kept.job.exact?.placement == placement)
        #expect(try await workshop.embedded.resume(kept, report: { _ in }).picture == expected)
        // Without a verifier the draft alone makes the picture, and says so.
        let offline = try await workshop.maker(DeadVerifier()).resumeOffline(kept, report: { _ in })
        #expect(offline.report.origin == .draftOnly)
    }

    @Test func windowsOfAnotherJobOrOrderAreRefused() async throws {
        let sent = try await windows(try Workshop())
        try #require(sent.count >= 3)
        let fresh = try Workshop().verifier
        // In the middle of a chain that is not known.
        #expect { try fresh.execute(sent[1], report: { _ in }) } throws: {
            ($0 as? VerifierError)?.code == .unknownJob
        }
        _ = try fresh.execute(sent[0], report: { _ in })
        #expect { try fresh.execute(sent[2], report: { _ in }) } throws: {
            ($0 as? VerifierError)?.code == .unknownJob
        }
        var stranger = sent[1]
        stranger.seed += 1
        #expect { try fresh.execute(stranger, report: { _ in }) } throws: {
            ($0 as? VerifierError)?.code == .conflictingJob
        }
        var damaged = sent[1]
        damaged.exact?.exchange?.codedPictures[0] = [1, 2, 3]
        #expect { try fresh.execute(damaged, report: { _ in }) } throws: {
            ($0 as? VerifierError)?.code == .invalidLatent
        }
        var empty = sent[0]
        empty.exact?.exchange = nil
        #expect { try fresh.execute(empty, report: { _ in }) } throws: {
            ($0 as? VerifierError)?.code == .invalidJob
        }
        // None of it harmed the chain.
        _ = try fresh.execute(sent[1], report: { _ in })
    }

    @Test func chainsThatNeverBeganKeepNoPlace() async throws {
        let sent = try await windows(try Workshop())
        let fresh = try Workshop().verifier
        for number in 0..<100 {
            var damaged = sent[0]
            damaged.exact?.exchange?.chain = try #require(JobID("damaged-\(number)"))
            damaged.exact?.exchange?.codedPictures[0] = [1, 2, 3]
            #expect { try fresh.execute(damaged, report: { _ in }) } throws: {
                ($0 as? VerifierError)?.code == .invalidLatent
            }
        }
        #expect(throws: VerifierError(.cancelled, "enough")) {
            try fresh.execute(sent[0]) { _ in throw VerifierError(.cancelled, "enough") }
        }
        // Not even its own: what was not begun is not known.
        #expect { try fresh.execute(sent[1], report: { _ in }) } throws: {
            ($0 as? VerifierError)?.message.contains("not known here") == true
        }
        _ = try fresh.execute(sent[0], report: { _ in })
    }

    @Test func aChainIsIdleUntilItsNextWindowComes() async throws {
        let sent = try await windows(try Workshop())
        try #require(sent.count >= 2)
        let fresh = try Workshop().verifier
        func end(_ job: VerificationJob, admission: ContinuousClock.Instant) throws -> VerificationOutcome {
            let feed = ListFeed([job], limit: 1, admission: admission)
            feed.run(with: fresh)
            return try #require(feed.end(of: job.id)).get()
        }
        let late = ContinuousClock.now + .seconds(1000)
        let first = try fresh.execute(sent[0], report: { _ in })
        #expect { try end(sent[1], admission: late) } throws: { ($0 as? VerifierError)?.code == .unknownJob }
        // A first window that comes after that begins the chain anew.
        _ = try fresh.execute(sent[0], report: { _ in })
        #expect(try end(sent[0], admission: late).verdict == first.verdict)
        _ = try end(sent[1], admission: .now)
    }
}
