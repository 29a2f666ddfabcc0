import Speculation
import WireProtocol

/// Reads a job's reply stream and passes its progress on.
final class JobReplySink: ResponseSink {
    private let job: VerificationJob
    private let address: VerifierAddress
    private let report: @Sendable (VerificationEvent) -> Void
    private var reader = FrameReader(limit: Frame.replyLimit)
    private var isAccepted = false
    /// How the verifier says the job ended; nil while it goes on.
    private(set) var end: Result<VerificationOutcome, VerifierError>?

    var isComplete: Bool { end != nil }

    init(job: VerificationJob, address: VerifierAddress, report: @escaping @Sendable (VerificationEvent) -> Void) {
        self.job = job
        self.address = address
        self.report = report
    }

    func receive(_ bytes: UnsafeRawBufferPointer, head: ResponseHead) throws(TransportError) {
        guard head.hasFrames else { return }
        reader.append(bytes)
        do throws(WireError) {
            while let content = try reader.next() { try take(ReplyCodec.decode(content)) }
        } catch  where error.code == .checksumMismatch {
            // The verifier keeps the result: it is asked again.
            throw .connectionLost("what the verifier at \(address) sent was damaged on its way")
        } catch {
            throw .protocolViolation("the verifier at \(address) sent something wrong: \(error.message)")
        }
    }

    private func take(_ message: ReplyMessage) throws(WireError) {
        guard end == nil else { throw WireError(.malformed, "it went on after the end of the job") }
        switch message {
        case .accepted(_, let id):
            guard id == job.id else { throw WireError(.malformed, "it answered for another job, \(id)") }
            isAccepted = true
        case .problem(let error): end = .failure(error)
        case .alive, .event, .outcome:
            guard isAccepted else { throw WireError(.malformed, "it did not say first that it took the job") }
            if case .event(let event) = message { report(event) }
            if case .outcome(let outcome) = message {
                guard outcome.result == job.result else {
                    throw WireError(.malformed, "it sent a \(outcome.result) where a \(job.result) was asked for")
                }
                guard outcome.telemetry.exact == nil || job.mode == .exact else {
                    throw WireError(.malformed, "it tells of an exact chain where none was asked for")
                }
                guard outcome.verdict == nil || job.exact?.exchange != nil else {
                    throw WireError(.malformed, "it judged a window where none was sent")
                }
                end = .success(outcome)
            }
        }
    }
}

/// Keeps a short body.
final class BodySink: ResponseSink {
    private(set) var bytes: [UInt8] = []
    let isComplete = false
    private let limit: Int

    init(limit: Int) {
        self.limit = limit
    }

    func receive(_ bytes: UnsafeRawBufferPointer, head: ResponseHead) throws(TransportError) {
        guard self.bytes.count + bytes.count <= limit else {
            throw .protocolViolation("the answer is longer than \(limit) bytes; is this an Underpaint verifier?")
        }
        self.bytes.append(contentsOf: bytes)
    }
}
