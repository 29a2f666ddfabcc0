import HTTPTypes
import Hummingbird
import NIOCore
import Speculation
import Synchronization
import Testing
import VerificationTestSupport
import VerifierRuntime
import WireProtocol

@testable import VerifierService

@Suite(.timeLimit(.minutes(10))) struct ReplyStreamTests {
    /// Decodes what is written and tells of it.
    private struct Writer: ResponseBodyWriter {
        let onMessage: @Sendable (ReplyMessage) throws -> Void

        mutating func write(_ buffer: ByteBuffer) async throws {
            var reader = FrameReader(limit: Frame.replyLimit)
            reader.append(buffer.readableBytesView)
            while let content = try reader.next() { try onMessage(ReplyCodec.decode(content)) }
        }

        consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
    }

    private struct ClientLeft: Error {}

    private let job = SampleJob.make().id

    @Test func silenceIsFilledWithSignsOfLife() async throws {
        let updates = AsyncStream.makeStream(of: JobUpdate.self)
        let refusal = VerifierError(.internalFailure, "over")
        let stream = ReplyStream(job: job, updates: updates.stream, heartbeat: .milliseconds(1)) { _ in }
        let messages = Mutex<[ReplyMessage]>([])
        // The job ends only after a sign of life went out, so the test cannot end without one.
        try await stream.response.body.write(
            Writer { message in
                messages.withLock { $0.append(message) }
                if message == .alive {
                    updates.continuation.yield(.ended(.failure(refusal)))
                    updates.continuation.finish()
                }
            })
        let written = messages.withLock { $0 }
        #expect(written.first == .accepted(version: 1, job: job) && written.last == .problem(refusal))
    }

    @Test func clientThatLeavesEndsTheWatch() async throws {
        let updates = AsyncStream.makeStream(of: JobUpdate.self)
        let watchEnded = AsyncStream.makeStream(of: Void.self)
        updates.continuation.onTermination = { _ in watchEnded.continuation.finish() }
        let told = Mutex<[JobEnd?]>([])
        let stream = ReplyStream(job: job, updates: updates.stream, heartbeat: .milliseconds(1)) { end in
            told.withLock { $0.append(end) }
        }
        await #expect(throws: ClientLeft.self) {
            try await stream.response.body.write(Writer { if $0 == .alive { throw ClientLeft() } })
        }
        for await _ in watchEnded.stream {}
        #expect(told.withLock { $0 } == [nil])
    }

    @Test func resultThatNoClientTakesIsAProblem() async throws {
        let updates = AsyncStream.makeStream(of: JobUpdate.self)
        let outcome = VerificationOutcome(
            payload: [UInt8](repeating: 0, count: Frame.replyLimit + 1), result: .png,
            telemetry: try FakeVerification.run(SampleJob.make(), report: { _ in }).telemetry)
        updates.continuation.yield(.ended(.success(outcome)))
        updates.continuation.finish()
        let last = Mutex<ReplyMessage?>(nil)
        let stream = ReplyStream(job: job, updates: updates.stream, heartbeat: .seconds(60)) { _ in }
        try await stream.response.body.write(Writer { message in last.withLock { $0 = message } })
        guard case .problem(let error)? = last.withLock({ $0 }) else {
            Issue.record("no problem")
            return
        }
        #expect(error.code == .internalFailure)
    }
}
