import Foundation
import Speculation
import Synchronization
import Testing
import VerificationTestSupport

@testable import EdgeRuntime

@Suite(.timeLimit(.minutes(10))) struct InProcessTransportTests {
    @Test func outcomeIsThatOfTheExecution() async throws {
        let transport = InProcessVerifierTransport(models: SampleJob.models, execute: FakeVerification.run)
        let job = SampleJob.make()
        let events = Mutex<[VerificationEvent]>([])
        let outcome = try await transport.verify(job) { event in events.withLock { $0.append(event) } }
        var expected: [VerificationEvent] = []
        #expect(outcome == (try FakeVerification.run(job) { expected.append($0) }))
        #expect(events.withLock { $0 } == expected)
        #expect(try await transport.availability().models == SampleJob.models)
    }

    @Test func cancelledTaskStopsTheExecutionAtItsNextReport() async throws {
        let hasBegun = AsyncStream.makeStream(of: Void.self)
        let transport = InProcessVerifierTransport(models: []) { _, report in
            while true {
                try report(.decoding)
                Thread.sleep(forTimeInterval: 0.001)
            }
        }
        let task = Task { try await transport.verify(SampleJob.make()) { _ in hasBegun.continuation.yield() } }
        for await _ in hasBegun.stream { break }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func refusalIsTheSameAsFromAServer() async throws {
        let transport = InProcessVerifierTransport(models: []) { _, _ in
            throw VerifierError(.incompatibleModel, "no pair")
        }
        await #expect(throws: TransportError.refused(VerifierError(.incompatibleModel, "no pair"))) {
            try await transport.verify(SampleJob.make()) { _ in }
        }
        var job = SampleJob.make()
        job.prompt = " "
        await #expect {
            try await transport.verify(job) { _ in }
        } throws: { error in
            guard case TransportError.refused(let refusal) = error else { return false }
            return refusal.code == .invalidJob
        }
    }

    @Test func jobsTakeTurns() async throws {
        let running = Mutex(0)
        let transport = InProcessVerifierTransport(models: []) { job, report in
            let others = running.withLock { running in
                running += 1
                return running - 1
            }
            #expect(others == 0)
            defer { running.withLock { $0 -= 1 } }
            return try FakeVerification.run(job, report: report)
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<4 {
                group.addTask { _ = try await transport.verify(SampleJob.make(id: "job-\(number)")) { _ in } }
            }
            try await group.waitForAll()
        }
    }
}
