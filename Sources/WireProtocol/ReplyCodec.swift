import Diffusion
import Foundation
import Speculation
import SwiftProtobuf

/// Reply messages as bytes: frames with one `VerifyReply` each.
public enum ReplyCodec {
    /// The most readings of a check, or stages of a job, that a reply may list.
    static let listLimit = 256

    /// - Throws: `WireError` with `oversized` when a payload exceeds what a client takes.
    public static func encode(_ message: ReplyMessage) throws(WireError) -> [UInt8] {
        if case .outcome(let outcome) = message, outcome.payload.count > Frame.replyLimit {
            throw WireError(
                .oversized, "the result has \(outcome.payload.count) bytes, at most \(Frame.replyLimit) can be sent")
        }
        return try Frame.wrap(serialize(wire(message)), limit: Frame.replyLimit)
    }

    /// The message in one frame's content, as `FrameReader.next` gives it.
    /// - Throws: `WireError` for anything that a verifier of this protocol would not send.
    public static func decode(_ content: [UInt8]) throws(WireError) -> ReplyMessage {
        let reply: Underpaint_V1_VerifyReply = try parse(content)
        switch reply.message {
        case .accepted(let accepted): return try self.accepted(accepted)
        case .alive: return .alive
        case .queued(let queued): return .event(.queued(position: Int(queued.position)))
        case .checked(let checked):
            let levels = try readings(checked.criticLevels, checked.likenessLevels, checked.levels)
            return .event(.checked(levels: levels, reentryStep: Int(checked.reentryStep)))
        case .refined(let refined):
            guard refined.done <= refined.total else {
                throw WireError(.malformed, "\(refined.done) of \(refined.total) steps are done")
            }
            return .event(.refined(done: Int(refined.done), total: Int(refined.total)))
        case .speculated(let message):
            guard max(message.step, message.accepted) <= message.stepCount else {
                throw WireError(
                    .malformed,
                    "a chain of \(message.stepCount) steps is at \(message.step), \(message.accepted) of them drafted")
            }
            return .event(
                .speculated(
                    step: Int(message.step), stepCount: Int(message.stepCount), accepted: Int(message.accepted)))
        case .decoding: return .event(.decoding)
        case .outcome(let outcome): return .outcome(try self.outcome(outcome))
        case .problem(let problem): return .problem(self.problem(problem))
        case nil:
            throw WireError(.malformed, "a reply has no message that this version knows")
        }
    }

    static func wire(_ message: ReplyMessage) -> Underpaint_V1_VerifyReply {
        var reply = Underpaint_V1_VerifyReply()
        switch message {
        case .accepted(let version, let job):
            reply.accepted.protocolVersion = UInt32(clamping: version)
            reply.accepted.jobID = job.text
        case .alive: reply.alive = .init()
        case .event(.queued(let position)): reply.queued.position = UInt32(clamping: position)
        case .event(.checked(let levels, let reentryStep)):
            (reply.checked.criticLevels, reply.checked.likenessLevels, reply.checked.levels) = levels.wire
            reply.checked.reentryStep = UInt32(clamping: reentryStep)
        case .event(.refined(let done, let total)):
            reply.refined.done = UInt32(clamping: done)
            reply.refined.total = UInt32(clamping: total)
        case .event(.speculated(let step, let stepCount, let accepted)):
            reply.speculated.step = UInt32(clamping: step)
            reply.speculated.stepCount = UInt32(clamping: stepCount)
            reply.speculated.accepted = UInt32(clamping: accepted)
        case .event(.decoding): reply.decoding = .init()
        case .outcome(let outcome):
            reply.outcome.resultKind = outcome.result.wire
            reply.outcome.payload = .init(outcome.payload)
            reply.outcome.payloadCrc32 = CRC32.checksum(outcome.payload)
            reply.outcome.telemetry = outcome.telemetry.wire
            if let verdict = outcome.verdict { reply.outcome.verdict = verdict.wire }
        case .problem(let error):
            reply.problem.code = error.code.wire
            reply.problem.message = error.message
            reply.problem.retryable = error.isRetryable
            reply.problem.oldestVersion = UInt32(ProtocolVersions.current.oldest)
            reply.problem.newestVersion = UInt32(ProtocolVersions.current.newest)
        }
        return reply
    }

    private static func accepted(_ message: Underpaint_V1_Accepted) throws(WireError) -> ReplyMessage {
        let version = Int(message.protocolVersion)
        guard ProtocolVersions.current.agreed(with: .init(oldest: version, newest: version)) != nil else {
            throw WireError(
                .unsupportedVersion,
                "the verifier answered in protocol version \(version), this client speaks "
                    + "\(ProtocolVersions.current); update the older of the two")
        }
        guard let job = JobID(message.jobID) else {
            throw WireError(.malformed, "the verifier accepted a job without a proper id")
        }
        return .accepted(version: version, job: job)
    }

    private static func outcome(_ message: Underpaint_V1_Outcome) throws(WireError) -> VerificationOutcome {
        guard let result = ResultKind(wire: message.resultKind) else {
            throw WireError(.malformed, "the outcome is of no kind that this version knows")
        }
        let payload = Array(message.payload)
        guard CRC32.checksum(payload) == message.payloadCrc32 else {
            throw WireError(.checksumMismatch, "the result was damaged on its way; ask for the job again")
        }
        return VerificationOutcome(
            payload: payload, result: result, telemetry: try telemetry(message.telemetry),
            verdict: message.hasVerdict ? try WindowVerdict(wire: message.verdict) : nil)
    }

    private static func problem(_ message: Underpaint_V1_Problem) -> VerifierError {
        // A later verifier may know codes that this client does not; whether to retry is still worth keeping.
        let code =
            VerifierError.Code(wire: message.code) ?? (message.retryable ? .internalFailure : .invalidJob)
        return VerifierError(code, message.message)
    }

    private static func telemetry(
        _ message: Underpaint_V1_Telemetry
    ) throws(WireError) -> VerificationTelemetry {
        guard message.stages.count <= listLimit else {
            throw WireError(.malformed, "the telemetry lists \(message.stages.count) stages")
        }
        for stage in message.stages where !(0...StageTime.longest).contains(stage.milliseconds) {
            throw WireError(.malformed, "a stage took \(stage.milliseconds) milliseconds")
        }
        return VerificationTelemetry(
            levels: try readings(message.criticLevels, message.likenessLevels, message.levels),
            reentryStep: Int(message.reentryStep),
            verifierEvaluations: Int(message.verifierEvaluations),
            verifierOnlyEvaluations: Int(message.verifierOnlyEvaluations),
            stages: message.stages.map { StageTime(name: $0.name, milliseconds: $0.milliseconds) },
            receivedBytes: Int(message.receivedBytes),
            exact: message.hasExact ? try ExactTelemetry(wire: message.exact) : nil)
    }

    /// In the order in which they were read: a critic's of the prompt first, then by rising noise likeness before the distance.
    private static func readings(
        _ critics: [Underpaint_V1_LevelReading], _ likeness: [Underpaint_V1_LevelReading],
        _ verifiers: [Underpaint_V1_LevelReading]
    ) throws(WireError) -> [LevelReading] {
        // A level has one of each at most.
        let ofLevels =
            likeness.isEmpty
            ? verifiers
            : (likeness + verifiers).sorted {
                $0.step != $1.step ? $0.step > $1.step : $0.kind == .unlikeness && $1.kind != .unlikeness
            }
        let messages = critics + ofLevels
        guard messages.count <= listLimit else {
            throw WireError(.malformed, "the check lists \(messages.count) levels")
        }
        var readings: [LevelReading] = []
        for message in messages {
            guard let kind = CheckStatistic(wire: message.kind) else {
                throw WireError(.malformed, "the check read something that this version does not know")
            }
            readings.append(
                LevelReading(
                    step: Int(message.step), time: message.time, statistic: message.statistic,
                    threshold: message.threshold, kind: kind))
        }
        return readings
    }
}

extension [LevelReading] {
    /// The critic's, of the prompt and of likeness, and the verifier's.
    fileprivate var wire:
        (
            critics: [Underpaint_V1_LevelReading], likeness: [Underpaint_V1_LevelReading],
            verifiers: [Underpaint_V1_LevelReading]
        )
    {
        func of(_ isIncluded: (CheckStatistic) -> Bool) -> [Underpaint_V1_LevelReading] {
            filter { isIncluded($0.kind) }.map(\.wire)
        }
        return (of { $0 == .promptDoubt }, of { $0 == .unlikeness }, of { !$0.subject.isForCritic })
    }
}

extension LevelReading {
    fileprivate var wire: Underpaint_V1_LevelReading {
        var message = Underpaint_V1_LevelReading()
        message.step = UInt32(clamping: step)
        message.time = time
        message.statistic = statistic
        message.threshold = threshold
        message.kind = kind.wire
        return message
    }
}

extension VerificationTelemetry {
    fileprivate var wire: Underpaint_V1_Telemetry {
        var message = Underpaint_V1_Telemetry()
        (message.criticLevels, message.likenessLevels, message.levels) = levels.wire
        message.reentryStep = UInt32(clamping: reentryStep)
        message.verifierEvaluations = UInt32(clamping: verifierEvaluations)
        message.verifierOnlyEvaluations = UInt32(clamping: verifierOnlyEvaluations)
        message.stages = stages.map { stage in
            var time = Underpaint_V1_StageTime()
            time.name = stage.name
            time.milliseconds = stage.milliseconds
            return time
        }
        message.receivedBytes = UInt32(clamping: receivedBytes)
        if let exact { message.exact = exact.wire }
        return message
    }
}
