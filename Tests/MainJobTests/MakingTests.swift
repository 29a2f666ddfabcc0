import EdgeRuntime
import Foundation
import LatentCoding
import Models
import Pictures
import Speculation
import Synchronization
import Testing
import VerifierRuntime

@Suite struct MakingTests {
    @Test func hybridPictureHasItsParametersAndItsReport() async throws {
        let workshop = try Workshop()
        let finished = try await workshop.embedded.make(workshop.request())
        #expect((finished.picture.width, finished.picture.height) == (64, 96))
        let report = finished.report
        #expect(report.origin == .hybrid)
        #expect((report.draftSteps, report.stepCount) == (8, 10))
        #expect(report.latentBytes == finished.job.codedEstimate.count)
        #expect(report.latentBytes > 0 && report.latentBytes < report.rawLatentBytes)
        let verification = try #require(report.verification)
        #expect(verification.verifierOnlyEvaluations == 10)
        #expect(verification.receivedBytes == report.latentBytes)
        #expect(!verification.levels.isEmpty)
        #expect(verification.stages.map(\.name) == ["text", "prepare", "check", "refine", "decode", "encode"])

        let file = try PNG.decode(try finished.file(as: .png))
        #expect(file.picture == finished.picture)
        let parameters = try #require(file.text.first { $0.key == "parameters" })
        #expect(parameters.text.hasPrefix("a red mug\nSteps: 10, "))
        #expect(parameters.text.contains("Seed: 7"))
        #expect(parameters.text.contains("Hand-off: 8/10"))
        #expect(parameters.text.contains("Made by: hybrid"))
    }

    @Test func sameSeedGivesTheSameFileAndAnotherSeedAnother() async throws {
        let workshop = try Workshop()
        let first = try await workshop.embedded.make(workshop.request()).file(as: .png)
        #expect(try await workshop.embedded.make(workshop.request()).file(as: .png) == first)
        #expect(try await workshop.embedded.make(workshop.request(seed: 8)).file(as: .png) != first)
    }

    @Test func rejectedDraftGivesExactlyTheVerifiersOwnPicture() async throws {
        let workshop = try Workshop()
        var request = workshop.request()
        request.checkThreshold = 0
        let rejected = try await workshop.embedded.make(request)
        let own = try await workshop.embedded.make(workshop.request(handoff: 0))
        #expect(rejected.report.verification?.reentryStep == 0)
        #expect(own.report.origin == .verifierOnly)
        #expect(own.report.latentBytes == 0)
        #expect(own.report.verification?.verifierEvaluations == 10)
        #expect(rejected.picture == own.picture)
    }

    @Test func trustTakesOnlyTheLastSteps() async throws {
        let workshop = try Workshop()
        let trusted = try await workshop.embedded.make(workshop.request(mode: .trust))
        #expect(trusted.report.verification?.verifierEvaluations == 2)
        #expect(trusted.report.verification?.levels == [])
        var generous = workshop.request()
        generous.checkThreshold = .greatestFiniteMagnitude
        let accepted = try await workshop.embedded.make(generous)
        #expect(accepted.report.verification?.reentryStep == 8)
        // One evaluation of the check serves as the first step, but in a batch of another size: bits may differ.
        let differences = zip(trusted.picture.rgb, accepted.picture.rgb).map { abs(Int($0) - Int($1)) }
        #expect(differences.allSatisfy { $0 <= 1 })
    }

    @Test func draftAloneIsLabelledAndAsksNoVerifier() async throws {
        let workshop = try Workshop()
        let maker = workshop.maker(DeadVerifier())
        let finished = try await maker.make(workshop.request(handoff: 1))
        #expect(finished.report.origin == .draftOnly)
        #expect(finished.report.verification == nil)
        let text = try PNG.decode(try finished.file(as: .png)).text
        #expect(text.contains { $0.text.contains("Made by: draft only") })
        #expect(try workshop.journal.all().isEmpty)
    }

    @Test func unverifiedDraftIsKeptAndResumesToTheSamePicture() async throws {
        let workshop = try Workshop()
        let expected = try await workshop.embedded.make(workshop.request()).picture
        let error = try await #require(throws: UnverifiedError.self) {
            try await workshop.maker(DeadVerifier(), address: "http://127.0.0.1:9").make(workshop.request())
        }
        // Whoever kept it is through with it.
        let kept = try HandoffJournal.take(error.file)
        #expect(kept.verifier == "http://127.0.0.1:9")
        #expect(kept.outputPath == "picture.png")
        let resumed = try await workshop.embedded.resume(kept, report: { _ in })
        #expect(resumed.picture == expected)
        try workshop.embedded.settle(resumed)
        #expect(throws: JournalError.self) { try HandoffJournal.read(error.file) }
    }

    /// The maker that works on a picture keeps others from it, from the hand-off until it is settled.
    @Test func aPictureAtTheVerifierIsNobodyElses() async throws {
        let workshop = try Workshop()
        let maker = workshop.embedded
        let begun = try await maker.begin(
            workshop.request(), id: .random(), outputPath: "picture.png", report: { _ in })
        #expect(try workshop.journal.all().map(\.isInUse) == [true])
        let finished = try await maker.finish(begun, report: { _ in })
        #expect(try workshop.journal.all().map(\.isInUse) == [true])
        try maker.settle(finished)
        #expect(try workshop.journal.all().isEmpty)
    }

    @Test func aCopyElsewhereIsWhatIsNamedAndForgotten() async throws {
        let workshop = try Workshop()
        let error = try await #require(throws: UnverifiedError.self) {
            try await workshop.maker(DeadVerifier()).make(workshop.request())
        }
        let copy = workshop.journal.folder.appendingPathComponent("copy")
        try FileManager.default.copyItem(at: error.file, to: copy)
        let again = try await #require(throws: UnverifiedError.self) {
            try await workshop.maker(DeadVerifier()).resume(try HandoffJournal.take(copy), report: { _ in })
        }
        #expect(again.file == copy)
        let finished = try await workshop.embedded.resume(try HandoffJournal.take(copy), report: { _ in })
        try workshop.embedded.settle(finished)
        #expect(try !FileManager.default.fileExists(atPath: copy.path) && workshop.journal.all().count == 1)
    }

    @Test func aJournalThatCannotBeWrittenIsSaidBeforeTheFirstStep() async throws {
        let workshop = try Workshop()
        let maker = PictureMaker(
            painter: workshop.painter, transport: DeadVerifier(),
            journal: HandoffJournal(folder: URL(fileURLWithPath: "/dev/null/unfinished")), verifier: nil)
        let steps = Mutex(0)
        let report: PictureMaker.Report = { _ in steps.withLock { $0 += 1 } }
        let error = try await #require(throws: JournalError.self) {
            try await maker.make(workshop.request(), id: .random(), outputPath: "picture.png", report: report)
        }
        #expect(error.code == .notWritable)
        #expect(steps.withLock { $0 } == 0)
        // The draft alone keeps nothing.
        _ = try await maker.make(workshop.request(handoff: 1))
    }

    /// Eight steps are drafted: the last of them is shown once, however it falls.
    @Test(arguments: [(3, 0.8, 3), (4, 0.8, 2), (100, 0.8, 1), (1, 0.0, 0)])
    func theLastPreviewShowsTheWholeDraft(interval: Int, handoff: Double, count: Int) async throws {
        let workshop = try Workshop()
        let previews = Mutex<[Picture]>([])
        let finished = try await workshop.embedded.make(
            workshop.request(handoff: handoff), id: .random(), outputPath: "picture.png", previewInterval: interval
        ) { event in
            if case .preview(let picture) = event { previews.withLock { $0.append(picture) } }
        }
        let shown = previews.withLock { $0 }
        #expect(shown.count == count)
        guard let last = shown.last, interval != 4 else { return }
        let estimate = try LatentCodec.decode(finished.job.codedEstimate, expecting: finished.job.latentShape)
        #expect(try workshop.painter.picture(of: estimate) == last)
    }

    @Test func aResumedPictureNamesUnknownWords() async throws {
        let workshop = try Workshop()
        var strange = workshop.request()
        strange.prompt = "a red zeppelin"
        let request = strange
        let error = try await #require(throws: UnverifiedError.self) {
            try await workshop.maker(DeadVerifier()).make(request)
        }
        let resumed = try await workshop.embedded.resume(try HandoffJournal.read(error.file), report: { _ in })
        #expect(resumed.report.unknownWords == ["zeppelin"])
    }

    @Test func resumedOfflinePictureIsTheDraftsAndLabelled() async throws {
        let workshop = try Workshop()
        let error = try await #require(throws: UnverifiedError.self) {
            try await workshop.maker(DeadVerifier()).make(workshop.request())
        }
        let finished = try await workshop.embedded.resumeOffline(
            try HandoffJournal.read(error.file), report: { _ in })
        #expect(finished.report.origin == .draftOnly && finished.report.latentBytes == 0)
        let whole = try await workshop.embedded.make(workshop.request(handoff: 1))
        // The resumed draft went through the quantized hand-off, so the pictures are alike and not equal.
        let squares = zip(finished.picture.rgb, whole.picture.rgb).map { pow(Double($0) - Double($1), 2) }
        let decibels = 10 * log10(255 * 255 / (squares.reduce(0, +) / Double(squares.count)))
        #expect(decibels > 25)
    }

    @Test func cancelledDraftStopsAndLeavesNothingBehind() async throws {
        let workshop = try Workshop()
        var long = workshop.request(handoff: 0.99)
        long.stepCount = 1000
        let request = long
        let steps = Mutex(0)
        let started = AsyncStream<Void>.makeStream()
        // Holds the draft in its first step until it is cancelled: on a busy machine it could be at its end by then.
        let isCancelled = DispatchSemaphore(value: 0)
        let task = Task {
            try await workshop.embedded.make(request, id: .random(), outputPath: "x.png") { event in
                guard case .drafted = event else { return }
                if steps.withLock({ count in (count, count += 1).0 }) == 0 {
                    started.continuation.yield()
                    isCancelled.wait()
                }
            }
        }
        for await _ in started.stream { break }
        task.cancel()
        isCancelled.signal()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(steps.withLock { $0 } == 1)
        #expect(try workshop.journal.all().isEmpty)
    }

    @Test func whatIsCancelledAfterTheHandOffIsKept() async throws {
        let workshop = try Workshop()
        let begun = AsyncStream<Void>.makeStream()
        let maker = workshop.maker(
            InProcessVerifierTransport(models: workshop.verifier.catalogue) { _, report in
                begun.continuation.yield()
                while true {
                    try report(.decoding)
                    Thread.sleep(forTimeInterval: 0.001)
                }
            })
        let task = Task { try await maker.make(workshop.request()) }
        for await _ in begun.stream { break }
        task.cancel()
        let error = await #expect(throws: UnverifiedError.self) { try await task.value }
        #expect(error?.cause is CancellationError)
        #expect(try workshop.journal.all().count == 1)
    }

    @Test func impossibleRequestsAreRefusedBeforeAnyStep() async throws {
        let workshop = try Workshop()
        func refused(_ change: (inout GenerationRequest) -> Void) async -> (any Error)? {
            var request = workshop.request()
            change(&request)
            let asked = request
            do {
                _ = try await workshop.embedded.make(asked)
                return nil
            } catch { return error }
        }
        #expect(await refused { $0.prompt = "" } is VerifierError)
        #expect(await refused { $0.prompt = String(repeating: "mug ", count: 10_000) } is VerifierError)
        #expect(await refused { $0.width = 100 } is ModelError)
        #expect(await refused { $0.height = 4096 } is ModelError)
        #expect(await refused { $0.stepCount = 0 } != nil)
        #expect(await refused { $0.guidanceScale = .nan } is VerifierError)
        #expect(await refused { $0.guidanceScale = 90 } is ModelError)
        #expect(await refused { $0.handoffFraction = .nan } is SpeculationError)
        #expect(try workshop.journal.all().isEmpty)
    }
}

/// A verifier that is not there.
struct DeadVerifier: VerifierTransport {
    func verify(
        _ job: VerificationJob, report: @escaping @Sendable (VerificationEvent) -> Void
    ) async throws -> VerificationOutcome {
        throw TransportError.serverUnreachable("nobody answers")
    }

    func availability() async throws -> VerifierDescription {
        throw TransportError.serverUnreachable("nobody answers")
    }
}
