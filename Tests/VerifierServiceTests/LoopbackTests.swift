import Dispatch
import EdgeRuntime
import Foundation
import ServiceLifecycle
import Speculation
import Synchronization
import Testing
import VerificationTestSupport
import VerifierRuntime
import WireProtocol

@testable import VerifierService

/// The libcurl transport against the real server, over the loopback interface.
@Suite(.timeLimit(.minutes(10))) struct LoopbackTests {
    @Test func outcomeOverTheWireIsThatOfTheSameProcessByteForByte() async throws {
        let inProcess = InProcessVerifierTransport(models: SampleJob.models, execute: FakeVerification.run)
        for result in ResultKind.allCases {
            var job = SampleJob.make()
            job.result = result
            let expectedEvents = Mutex<[VerificationEvent]>([])
            let expected = try await inProcess.verify(job) { event in expectedEvents.withLock { $0.append(event) } }
            let verifier = try await TestVerifier()
            let sent = job
            try await withServer(verifier.server()) { url in
                let transport = try LibcurlVerifierTransport(url: url)
                let events = Mutex<[VerificationEvent]>([])
                let outcome = try await transport.verify(sent) { event in events.withLock { $0.append(event) } }
                #expect(outcome == expected)
                // Besides the queue, which only the server has, both tell the same.
                let told = events.withLock { $0 }.filter { if case .queued = $0 { false } else { true } }
                #expect(told == expectedEvents.withLock { $0 })
                #expect(try await transport.availability().models == SampleJob.models)
            }
        }
    }

    @Test func aTokenTravelsWithEveryRequest() async throws {
        let verifier = try await TestVerifier()
        let token = try #require(AccessToken("0123456789abcdef"))
        let job = SampleJob.make()
        let outcome = try FakeVerification.run(job) { _ in }
        try await withServer(verifier.server(tokens: [token])) { url in
            let guest = try LibcurlVerifierTransport(url: url)
            let refusals = [
                await #expect(throws: TransportError.self) { try await guest.availability() },
                await #expect(throws: TransportError.self) { try await guest.verify(job) { _ in } },
            ]
            for refusal in refusals {
                guard case .refused(let error)? = refusal else {
                    Issue.record("\(String(describing: refusal))")
                    continue
                }
                #expect(error.code == .unauthorized && error.message.contains("--token-file"))
            }
            #expect(verifier.executions == 0)
            let member = try LibcurlVerifierTransport(url: url, token: token)
            #expect(try await member.verify(job) { _ in } == outcome)
            #expect(try await member.availability().models == SampleJob.models)
        }
    }

    @Test(arguments: [
        ("http://127.0.0.1:7860", false), ("http://localhost", false), ("http://[::1]:7860", false),
        ("https://example.org", false), ("http://example.org", true), ("http://192.168.0.7:7860", true),
        ("http://127.example.org", true),
    ])
    func aTokenIsExposedWhereOthersCanReadIt(url: String, isExposed: Bool) throws {
        let token = try #require(AccessToken("0123456789abcdef"))
        #expect(try LibcurlVerifierTransport(url: url, token: token).exposesToken == isExposed)
        #expect(try !LibcurlVerifierTransport(url: url).exposesToken)
    }

    @Test func manyClientsAtOnceAreServedThoughOneSendsMuch() async throws {
        let verifier = try await TestVerifier()
        try await withServer(verifier.server()) { url in
            let transport = try LibcurlVerifierTransport(url: url)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<8 {
                    group.addTask {
                        var job = SampleJob.make(id: "job-\(number)", seed: UInt64(number))
                        if number == 0 {
                            job.codedEstimate = Array(repeating: 7, count: JobLimits.codedEstimateBytes)
                        }
                        let expected = try FakeVerification.run(job, report: { _ in })
                        #expect(try await transport.verify(job) { _ in } == expected)
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func refusalComesThroughWithItsCodeAndMessage() async throws {
        let refusal = VerifierError(.incompatibleModel, "draft and verifier are no pair")
        let verifier = try await TestVerifier(refusal: refusal)
        try await withServer(verifier.server()) { url in
            let transport = try LibcurlVerifierTransport(url: url)
            await #expect(throws: TransportError.refused(refusal)) {
                try await transport.verify(SampleJob.make()) { _ in }
            }
        }
    }

    @Test func cancelledClientStopsTheJobOnTheServer() async throws {
        let verifier = try await TestVerifier(execute: { _, report in
            while true {
                try report(.decoding)
                Thread.sleep(forTimeInterval: 0.001)
            }
        })
        try await withServer(verifier.server()) { url in
            // Long, so that even a busy machine tells the server before the client gives up on telling it.
            let transport = try LibcurlVerifierTransport(
                url: url, timeouts: TransportTimeouts(cancellation: .seconds(60)))
            let hasBegun = AsyncStream.makeStream(of: Void.self)
            let task = Task {
                try await transport.verify(SampleJob.make()) { _ in hasBegun.continuation.yield() }
            }
            for await _ in hasBegun.stream { break }
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            var end: JobEnd?
            for await update in try verifier.host.attach(to: SampleJob.make().id) {
                if case .ended(let result) = update { end = result }
            }
            guard case .failure(let error)? = end else {
                Issue.record("the job went on")
                return
            }
            #expect(error.code == .cancelled)
        }
    }

    /// Runs a server in a group of services of the test's, which can ask it to stop, and waits for its end.
    private func whileServing(
        _ server: VerifierServer, _ body: (_ port: Int, ServiceGroup) async throws -> Void
    ) async throws {
        let listening = AsyncStream.makeStream(of: Int.self)
        let service = ClosureService {
            try await server.run(handlesSignals: false) { listening.continuation.yield($0) }
        }
        let group = ServiceGroup(configuration: .init(services: [service], logger: TestVerifier.quietLogger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            var ports = listening.stream.makeAsyncIterator()
            try await body(try #require(await ports.next(isolation: nil)), group)
            try await tasks.waitForAll()
        }
    }

    @Test func serverAskedToStopDeliversTheRunningJobFirst() async throws {
        let gate = DispatchSemaphore(value: 0)
        // Whatever goes wrong, the thread of the models is let go.
        defer { gate.signal() }
        let verifier = try await TestVerifier(execute: { job, report in
            try report(.decoding)
            gate.wait()
            return try FakeVerification.run(job, report: report)
        })
        let job = SampleJob.make()
        try await whileServing(verifier.server()) { port, group in
            let transport = try LibcurlVerifierTransport(url: "http://127.0.0.1:\(port)")
            let hasBegun = AsyncStream.makeStream(of: Void.self)
            async let outcome = transport.verify(job) { _ in hasBegun.continuation.yield() }
            for await _ in hasBegun.stream { break }
            await group.triggerGracefulShutdown()
            while verifier.host.condition != .stopping { try await Task.sleep(for: .milliseconds(1)) }
            gate.signal()
            #expect(try await outcome == FakeVerification.run(job, report: { _ in }))
        }
    }

    /// A host that loads until the test says so.
    private func loadingHost(_ gate: DispatchSemaphore) -> VerifierHost {
        VerifierHost {
            gate.wait()
            return LoadedVerifier(executor: TestExecutor(), models: SampleJob.models)
        }
    }

    @Test func serverAskedToStopDoesNotWaitForItsModels() async throws {
        let gate = DispatchSemaphore(value: 0)
        defer { gate.signal() }
        let host = loadingHost(gate)
        try await whileServing(TestVerifier.server(for: host)) { _, group in await group.triggerGracefulShutdown() }
        #expect(host.condition == .stopping && host.description.models.isEmpty)
    }

    @Test func portThatIsTakenEndsTheServerWhileItsModelsAreBeingLoaded() async throws {
        let gate = DispatchSemaphore(value: 0)
        defer { gate.signal() }
        let host = loadingHost(gate)
        try await withServer(try await TestVerifier().server()) { url in
            let port = try #require(URL(string: url)?.port)
            let second = VerifierServer(
                configuration: .init(port: port), host: host, logger: TestVerifier.quietLogger)
            await #expect(throws: (any Error).self) { try await second.run(handlesSignals: false) }
        }
        #expect(host.description.models.isEmpty)
    }

    @Test func serverWithoutModelsDoesNotStayUp() async throws {
        let host = VerifierHost { throw VerifierError(.internalFailure, "weights are missing") }
        await #expect(throws: VerifierError(.internalFailure, "weights are missing")) {
            try await TestVerifier.server(for: host).run(handlesSignals: false)
        }
    }
}

private struct ClosureService: Service {
    let body: @Sendable () async throws -> Void
    func run() async throws { try await body() }
}
