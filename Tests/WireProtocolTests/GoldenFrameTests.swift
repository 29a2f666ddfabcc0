import Speculation
import Testing
import VerificationTestSupport

@testable import WireProtocol

/// The golden frames were made by protoc and zlib, not by the code under test.
@Suite struct GoldenFrameTests {
    @Test func goldenRequestDecodesToItsJobAndBack() throws {
        let golden = try Golden.bytes("wire-request.frame")
        #expect(try RequestCodec.decode(golden) == SampleJob.make())
        #expect(try RequestCodec.encode(SampleJob.make()) == golden)
    }

    @Test func goldenWindowDecodesToItsJobAndBack() throws {
        let golden = try Golden.bytes("wire-request-exact.frame")
        #expect(try RequestCodec.decode(golden) == SampleJob.makeWindow())
        #expect(try RequestCodec.encode(SampleJob.makeWindow()) == golden)
    }

    @Test func goldenRequestWithADialledCheckDecodesToItsJobAndBack() throws {
        let golden = try Golden.bytes("wire-request-check.frame")
        var job = SampleJob.make(id: "golden-check")
        job.checkThreshold = nil
        job.checkQuantile = 0.9
        job.checkLevels = [0.6, 0.75]
        #expect(try RequestCodec.decode(golden) == job)
        #expect(try RequestCodec.encode(job) == golden)
    }

    @Test func goldenRequestForLikenessDecodesToItsJobAndBack() throws {
        let golden = try Golden.bytes("wire-request-likeness.frame")
        var job = SampleJob.make(id: "golden-likeness")
        job.checkThreshold = nil
        job.checkLikeness = 0.25
        #expect(try RequestCodec.decode(golden) == job)
        #expect(try RequestCodec.encode(job) == golden)
    }

    @Test func goldenRequestForAWebPDecodesToItsJobAndBack() throws {
        let golden = try Golden.bytes("wire-request-webp.frame")
        var job = SampleJob.make(id: "golden-webp")
        job.checkThreshold = nil
        (job.result, job.pictureQuality) = (.webp, 90)
        #expect(try RequestCodec.decode(golden) == job)
        #expect(try RequestCodec.encode(job) == golden)
    }

    /// Version 2: a verifier that does not know its field would take the draft's steps.
    @Test func goldenRequestForTheVerifiersOwnStepsDecodesToItsJobAndBack() throws {
        let golden = try Golden.bytes("wire-request-steps.frame")
        var job = SampleJob.make(id: "golden-steps")
        job.verifierStepCount = 8
        #expect(try RequestCodec.decode(golden) == job)
        #expect(try RequestCodec.encode(job) == golden)
        #expect(ProtocolVersions.needed(by: job) == 2 && ProtocolVersions.needed(by: SampleJob.make()) == 1)
        let old = ProtocolVersions(oldest: 1, newest: 1)
        #expect(old.agreed(with: ProtocolVersions(oldest: 2, newest: 2)) == nil)
    }

    @Test func goldenCheckSaysWhatWasRead() throws {
        let golden = try Golden.bytes("wire-checked-prompt.frame")
        let message = ReplyMessage.event(
            .checked(
                levels: [
                    LevelReading(
                        step: 10, time: 0.8, statistic: -0.25, threshold: 0.125, kind: .promptShortfall),
                    LevelReading(step: 20, time: 0.4285714285714286, statistic: 0.125, threshold: 0.25),
                ], reentryStep: 20))
        #expect(try ReplyCodec.decode(Frame.unwrap(golden, limit: Frame.replyLimit)) == message)
        #expect(try ReplyCodec.encode(message) == golden)
    }

    /// A critic's readings travel apart, so that a client that knows no critic gets the others and its picture.
    @Test func goldenCheckSaysWhatACriticRead() throws {
        let golden = try Golden.bytes("wire-checked-critic.frame")
        let message = ReplyMessage.event(
            .checked(
                levels: [
                    LevelReading(step: 22, time: 0.25, statistic: -3.5, threshold: 0.5, kind: .promptDoubt),
                    LevelReading(step: 20, time: 0.4285714285714286, statistic: 0.125, threshold: 0.25),
                ], reentryStep: 20))
        #expect(try ReplyCodec.decode(Frame.unwrap(golden, limit: Frame.replyLimit)) == message)
        #expect(try ReplyCodec.encode(message) == golden)
        #expect(ReplyCodec.wire(message).checked.levels.map(\.kind) == [.estimateDistance])
    }

    @Test func goldenCheckSaysHowLikeTheVerifiersADraftIs() throws {
        let golden = try Golden.bytes("wire-checked-likeness.frame")
        let prompt = LevelReading(step: 22, time: 0.25, statistic: -3.5, threshold: 0.5, kind: .promptDoubt)
        let rest = [
            LevelReading(step: 20, time: 0.4285714285714286, statistic: -1, threshold: 0.75, kind: .unlikeness),
            LevelReading(step: 20, time: 0.4285714285714286, statistic: 0.5, threshold: 0.25),
            LevelReading(step: 17, time: 0.6, statistic: -0.5, threshold: 0.75, kind: .unlikeness),
            LevelReading(step: 17, time: 0.6, statistic: 0.125, threshold: 0.25),
        ]
        let message = ReplyMessage.event(.checked(levels: [prompt] + rest, reentryStep: 17))
        #expect(try ReplyCodec.decode(Frame.unwrap(golden, limit: Frame.replyLimit)) == message)
        #expect(try ReplyCodec.encode(message) == golden)
        // Clients that know a critic but not likeness get what they know.
        #expect(ReplyCodec.wire(message).checked.criticLevels.map(\.kind) == [.promptDoubt])
    }

    @Test func goldenModelListDecodesToItsDescriptionAndBack() throws {
        let golden = try Golden.bytes("wire-models.frame")
        let description = VerifierDescription(models: SampleJob.models, isReady: true, waitingJobCount: 2)
        #expect(try ModelListCodec.decode(golden) == description)
        #expect(try ModelListCodec.encode(description) == golden)
    }

    @Test func goldenPaceAndWaitDecodeAndEncode() throws {
        let golden = try Golden.bytes("wire-models-pace.frame")
        var models = SampleJob.models
        models[0].pace = VerifierPace(secondsPerEvaluation: 0.0185, fixedSeconds: 0.0625)
        let description = VerifierDescription(
            models: models, isReady: true, waitingJobCount: 2, expectedWaitSeconds: 1.5)
        #expect(try ModelListCodec.decode(golden) == description)
        #expect(try ModelListCodec.encode(description) == golden)
    }

    @Test func whatARowCostsTravels() throws {
        for share in [0, 0.11, 2] {
            var models = SampleJob.models
            models[0].pace = VerifierPace(secondsPerEvaluation: 0.0185, fixedSeconds: 0.0625, rowShare: share)
            let sent = VerifierDescription(models: models, isReady: true, waitingJobCount: 0)
            #expect(try ModelListCodec.decode(try ModelListCodec.encode(sent)) == sent)
        }
    }

    /// They only help to plan: nonsense is left out, and the verifier is used all the same.
    @Test func aPaceOrWaitThatMakesNoSenseIsLeftOut() throws {
        for (seconds, wait) in [(0.0, -1.0), (.nan, .nan), (-2, .infinity), (1e9, 1e9)] {
            var models = SampleJob.models
            models[0].pace = VerifierPace(secondsPerEvaluation: seconds, fixedSeconds: 0)
            let sent = VerifierDescription(
                models: models, isReady: true, waitingJobCount: 0, expectedWaitSeconds: wait)
            let received = try ModelListCodec.decode(try ModelListCodec.encode(sent))
            #expect(received.models[0].pace == nil)
            #expect(received.expectedWaitSeconds == nil)
            #expect(received.models[0].identity == models[0].identity)
        }
    }

    @Test func goldenStopStepDecodesAndEncodes() throws {
        let golden = try Golden.bytes("wire-request-stop.frame")
        var job = SampleJob.make()
        (job.handoffStep, job.stopStep) = (5, 15)
        #expect(try RequestCodec.decode(golden) == job)
        #expect(try RequestCodec.encode(job) == golden)
    }

    @Test(arguments: [0, 4, 26, 1_000_000]) func aStopStepOutsideTheScheduleIsRefused(stopStep: Int) throws {
        var job = SampleJob.make()
        (job.handoffStep, job.stopStep) = (5, stopStep)
        let frame = try RequestCodec.encode(job)
        let error = #expect(throws: VerifierError.self) { try RequestCodec.decode(frame) }
        #expect(error?.code == .invalidJob)
    }

    static let replies: [(name: String, message: ReplyMessage)] = {
        let reading = LevelReading(step: 20, time: 0.4285714285714286, statistic: 0.125, threshold: 0.25)
        let telemetry = VerificationTelemetry(
            levels: [reading], reentryStep: 20, verifierEvaluations: 6, verifierOnlyEvaluations: 25,
            stages: [
                StageTime(name: "check", milliseconds: 12.5), StageTime(name: "refine", milliseconds: 100.25),
            ], receivedBytes: 8)
        var exact = ExactTelemetry(placement: .edge)
        (exact.rounds, exact.windows, exact.verifierEvaluations, exact.draftEvaluations) = (2, 2, 6, 6)
        (exact.sentBytes, exact.receivedBytes) = (8, 4)
        exact.setSteps(drafted: 6, judged: 5, accepted: 4)
        let verdict = VerificationOutcome(
            payload: [], result: .png,
            telemetry: VerificationTelemetry(
                levels: [], reentryStep: 0, verifierEvaluations: 6, verifierOnlyEvaluations: 25, stages: [],
                receivedBytes: 8, exact: exact),
            verdict: WindowVerdict(acceptedCount: 2, draftedCount: 4, codedResiduals: [[1, 2], [3, 0xFF]]))
        return [
            ("verdict", .outcome(verdict)),
            ("speculated", .event(.speculated(step: 7, stepCount: 25, accepted: 5))),
            ("accepted", .accepted(version: 1, job: SampleJob.jobID("golden-1_A"))),
            ("alive", .alive),
            ("queued", .event(.queued(position: 3))),
            ("refined", .event(.refined(done: 2, total: 5))),
            ("decoding", .event(.decoding)),
            (
                "outcome",
                .outcome(
                    VerificationOutcome(
                        payload: [0x89] + Array("PNG\r\n\u{1A}\n".utf8), result: .latent, telemetry: telemetry))
            ),
            ("problem", .problem(VerifierError(.overloaded, "8 jobs wait already; try again later"))),
        ]
    }()

    @Test(arguments: replies)
    func goldenReplyDecodesToItsMessageAndBack(name: String, message: ReplyMessage) throws {
        let golden = try Golden.bytes("wire-\(name).frame")
        #expect(try ReplyCodec.decode(Frame.unwrap(golden, limit: Frame.replyLimit)) == message)
        #expect(try ReplyCodec.encode(message) == golden)
    }

    /// Apart from the others because a reading that is not a number equals nothing.
    @Test func goldenCheckKeepsAReadingThatIsNotANumber() throws {
        let golden = try Golden.bytes("wire-checked.frame")
        let message = try ReplyCodec.decode(Frame.unwrap(golden, limit: Frame.replyLimit))
        guard case .event(.checked(let levels, 15)) = message, levels.count == 2 else {
            Issue.record("decoded as \(message)")
            return
        }
        #expect(levels[1].statistic.isNaN && !levels[1].passes)
        #expect(levels[0].passes)
        #expect(try ReplyCodec.encode(message) == golden)
    }
}
