import Foundation
import Speculation
import SwiftProtobuf
import Testing
import VerificationTestSupport

@testable import WireProtocol

@Suite struct HostileReplyTests {
    private func decode(_ reply: Underpaint_V1_VerifyReply) throws -> ReplyMessage {
        try ReplyCodec.decode(serialize(reply))
    }

    private func outcomeReply() throws -> Underpaint_V1_VerifyReply {
        ReplyCodec.wire(.outcome(try FakeVerification.run(SampleJob.make(), report: { _ in })))
    }

    @Test func damagedPayloadIsFound() throws {
        var reply = try outcomeReply()
        reply.outcome.payload[5000] ^= 1
        #expect { try decode(reply) } throws: { ($0 as? WireError)?.code == .checksumMismatch }
    }

    @Test func outcomeOfUnknownKindIsRefused() throws {
        var reply = try outcomeReply()
        reply.outcome.resultKind = .UNRECOGNIZED(12)
        #expect { try decode(reply) } throws: { ($0 as? WireError)?.code == .malformed }
    }

    @Test func endlessListsAreRefused() throws {
        var reply = try outcomeReply()
        reply.outcome.telemetry.stages = Array(repeating: .init(), count: ReplyCodec.listLimit + 1)
        #expect { try decode(reply) } throws: { ($0 as? WireError)?.code == .malformed }
        reply = .init()
        reply.checked.levels = Array(repeating: .init(), count: ReplyCodec.listLimit + 1)
        #expect { try decode(reply) } throws: { ($0 as? WireError)?.code == .malformed }
    }

    @Test func impossibleVerdictIsRefused() throws {
        var good = Underpaint_V1_VerifyReply()
        good.outcome.resultKind = .png
        good.outcome.verdict = WindowVerdict(acceptedCount: 1, draftedCount: 4, codedResiduals: [[1], [2]]).wire
        _ = try decode(good)
        let spoilings: [(inout Underpaint_V1_Verdict) -> Void] = [
            { $0.acceptedCount = 5 }, { $0.draftedCount = 33 }, { $0.draftedCount = .max },
            { $0.codedResiduals = Array(repeating: Data(), count: 5) },
        ]
        for spoil in spoilings {
            var reply = good
            spoil(&reply.outcome.verdict)
            #expect { try decode(reply) } throws: { ($0 as? WireError)?.code == .malformed }
        }
        var reply = good
        reply.outcome.verdict.codedResiduals[0][0] ^= 1
        #expect { try decode(reply) } throws: { ($0 as? WireError)?.code == .checksumMismatch }
        reply = good
        reply.outcome.telemetry.exact.placement = .unspecified
        #expect { try decode(reply) } throws: { ($0 as? WireError)?.code == .malformed }
    }

    @Test func aReadingOfSomethingUnknownIsRefused() {
        var reply = Underpaint_V1_VerifyReply()
        reply.checked.levels = [.with { $0.kind = .UNRECOGNIZED(7) }]
        #expect { try decode(reply) } throws: { ($0 as? WireError)?.code == .malformed }
    }

    @Test func answerInAnotherVersionIsRefused() {
        var reply = Underpaint_V1_VerifyReply()
        reply.accepted.protocolVersion = 3
        reply.accepted.jobID = "a"
        #expect { try decode(reply) } throws: { ($0 as? WireError)?.code == .unsupportedVersion }
    }

    @Test func countsBeyondTheirTotalsAreRefused() throws {
        var replies = [Underpaint_V1_VerifyReply](repeating: .init(), count: 3)
        replies[0].refined = .with { ($0.done, $0.total) = (2, 1) }
        replies[1].speculated = .with { ($0.step, $0.stepCount) = (.max, 10) }
        replies[2].speculated = .with { ($0.accepted, $0.stepCount) = (11, 10) }
        for reply in replies {
            #expect { try decode(reply) } throws: { ($0 as? WireError)?.code == .malformed }
        }
    }

    @Test(arguments: [-1, .nan, .infinity, 1e18])
    func stagesThatTookNoTimeThereIsAreRefused(milliseconds: Double) throws {
        var reply = try outcomeReply()
        reply.outcome.telemetry.stages[0].milliseconds = milliseconds
        #expect { try decode(reply) } throws: { ($0 as? WireError)?.code == .malformed }
    }

    @Test func emptyReplyIsRefused() {
        #expect { try decode(.init()) } throws: { ($0 as? WireError)?.code == .malformed }
    }

    @Test func unknownProblemKeepsItsMessageAndWhetherToRetry() throws {
        var reply = Underpaint_V1_VerifyReply()
        reply.problem.code = .UNRECOGNIZED(99)
        reply.problem.message = "the moon is full"
        for retryable in [true, false] {
            reply.problem.retryable = retryable
            guard case .problem(let error) = try decode(reply) else {
                Issue.record("no problem came out")
                return
            }
            #expect(error.isRetryable == retryable && error.message == "the moon is full")
        }
    }

    @Test func everyProblemCodeSurvivesTheWire() throws {
        for code in VerifierError.Code.allCases {
            let message = ReplyMessage.problem(VerifierError(code, "because"))
            #expect(try decode(ReplyCodec.wire(message)) == message)
        }
    }

    @Test func anyReplyBytesGiveAMessageOrATypedError() throws {
        let outcome = VerificationOutcome(
            payload: [1, 2, 3], result: .png,
            telemetry: try FakeVerification.run(SampleJob.make(), report: { _ in }).telemetry)
        let content = try serialize(ReplyCodec.wire(.outcome(outcome)))
        var (read, refused) = (0, 0)
        for bit in 0..<content.count * 8 {
            var damaged = content
            damaged[bit / 8] ^= 1 << (bit % 8)
            do throws(WireError) {
                _ = try ReplyCodec.decode(damaged)
                read += 1
            } catch {
                #expect(!error.message.isEmpty)
                refused += 1
            }
        }
        #expect(read > 0 && refused > 0)
    }

    @Test func modelListOfAStrangerIsRefused() throws {
        let description = VerifierDescription(models: SampleJob.models, isReady: true, waitingJobCount: 0)
        let good = try ModelListCodec.encode(description)
        for length in 0..<good.count {
            #expect(throws: WireError.self) { try ModelListCodec.decode(good.prefix(length)) }
        }
        #expect(throws: WireError.self) { try ModelListCodec.decode(Array("<html>It works!</html>".utf8)) }
        var list: Underpaint_V1_ModelList = try parse(Frame.unwrap(good, limit: Frame.requestLimit))
        list.models[0].latentShapes[0].height = 0
        let zeroShape = try Frame.wrap(serialize(list), limit: Frame.requestLimit)
        #expect { try ModelListCodec.decode(zeroShape) } throws: { ($0 as? WireError)?.code == .malformed }
    }
}
