import Foundation
import Speculation
import Synchronization
import Testing
import VerificationTestSupport
import WireProtocol

@testable import EdgeRuntime

@Suite(.timeLimit(.minutes(10))) struct LibcurlTransportTests {
    let job = SampleJob.make()
    let quick = TransportTimeouts(
        connect: .seconds(5), silence: .milliseconds(300), cancellation: .milliseconds(300))
    let patient = TransportTimeouts(
        connect: .seconds(5), silence: .seconds(60), cancellation: .seconds(60))
    let oneShot = RetryPolicy(attempts: 1)
    let eager = RetryPolicy(attempts: 3, firstPause: .milliseconds(1), longestPause: .milliseconds(2))

    func frame(_ message: ReplyMessage) throws -> [UInt8] { try ReplyCodec.encode(message) }

    var accepted: [UInt8] {
        get throws { try frame(.accepted(version: 1, job: job.id)) }
    }

    /// A stream that ends with the outcome.
    var finished: [ScriptedServer.Step] {
        get throws { [.chunkedHead, .chunk(try accepted + frame(.outcome(outcome()))), .lastChunk] }
    }

    func outcome() throws -> VerificationOutcome { try FakeVerification.run(job, report: { _ in }) }

    func transport(
        _ server: ScriptedServer, _ timeouts: TransportTimeouts, _ retry: RetryPolicy
    ) throws -> LibcurlVerifierTransport {
        try LibcurlVerifierTransport(url: server.url + "/", timeouts: timeouts, retry: retry)
    }

    func failure(
        of transport: LibcurlVerifierTransport, sourceLocation: SourceLocation = #_sourceLocation
    ) async -> TransportError? {
        do {
            _ = try await transport.verify(job) { _ in }
            Issue.record("the job was finished", sourceLocation: sourceLocation)
            return nil
        } catch {
            let transportError = error as? TransportError
            #expect(transportError != nil, "\(error)", sourceLocation: sourceLocation)
            return transportError
        }
    }
    @Test func outcomeAndProgressComeThroughHoweverTheStreamIsCut() async throws {
        let stream =
            try accepted + frame(.alive) + frame(.event(.refined(done: 1, total: 5)))
            + frame(.outcome(outcome()))
        var steps = [ScriptedServer.Step.chunkedHead]
        steps += stream.prefix(60).map { .chunk([$0]) }
        steps += [.chunk(Array(stream.dropFirst(60))), .lastChunk]
        let server = try ScriptedServer(steps)
        defer { server.stop() }
        let events = Mutex<[VerificationEvent]>([])
        let result = try await transport(server, patient, oneShot).verify(job) { event in
            events.withLock { $0.append(event) }
        }
        #expect(result == (try outcome()))
        #expect(events.withLock { $0 } == [.refined(done: 1, total: 5)])
        #expect(server.requests == ["POST /v1/verify HTTP/1.1"])
    }

    @Test func fileThatHasNoAuthorityIsNamed() async throws {
        let server = try ScriptedServer([.stayingSilent])
        defer { server.stop() }
        let file = FileManager.default.temporaryDirectory.appending(path: "underpaint-\(UUID().uuidString).pem")
        try Data("no certificate".utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let transport = try LibcurlVerifierTransport(
            url: "https://127.0.0.1:\(server.port)", authorityFile: file.path, timeouts: patient, retry: oneShot)
        guard case .serverUnreachable(let message)? = await failure(of: transport) else {
            Issue.record("not found out")
            return
        }
        #expect(message.hasPrefix(file.path))
    }

    @Test func jobsOneAfterAnotherUseOneConnection() async throws {
        let answer: [ScriptedServer.Step] = [
            .keptHead, .chunk(try accepted + frame(.outcome(outcome()))), .lastChunk,
        ]
        // A second connection is reset.
        let server = try ScriptedServer(answer + [.nextRequest] + answer, [.reset])
        defer { server.stop() }
        let transport = try transport(server, patient, oneShot)
        for _ in 0..<2 { _ = try await transport.verify(job) { _ in } }
        #expect(server.requests.count == 2)
    }

    @Test func verdictForAJobThatSentNoWindowIsAViolation() async throws {
        var strange = try outcome()
        strange.verdict = WindowVerdict(acceptedCount: 0, draftedCount: 1, codedResiduals: [[1]])
        let server = try ScriptedServer([.chunkedHead, .chunk(try accepted + frame(.outcome(strange))), .lastChunk])
        defer { server.stop() }
        guard case .protocolViolation = await failure(of: try transport(server, patient, oneShot)) else {
            Issue.record("taken")
            return
        }
    }

    @Test func nobodyListeningIsUnreachableAtOnce() async throws {
        let server = try ScriptedServer([])
        server.stop()
        guard case .serverUnreachable(let message) = await failure(of: try transport(server, patient, eager)) else {
            Issue.record("not unreachable")
            return
        }
        #expect(message.contains(server.url))
    }

    @Test(arguments: [true, false])
    func serverThatDiesMidJobIsALostConnection(resets: Bool) async throws {
        let begun: [ScriptedServer.Step] = [.chunkedHead, .chunk(try accepted + frame(.event(.decoding)).prefix(9))]
        let server = try ScriptedServer(begun + (resets ? [.reset] : []))
        defer { server.stop() }
        guard case .connectionLost = await failure(of: try transport(server, patient, eager)) else {
            Issue.record("not lost")
            return
        }
        #expect(server.requests.count == eager.attempts)
    }

    @Test func serverThatDiesAndStaysAwayIsALostConnection() async throws {
        let server = try ScriptedServer([.chunkedHead, .chunk(try accepted)])
        let retry = RetryPolicy(attempts: 2, firstPause: .milliseconds(200))
        let transport = try transport(server, patient, retry)
        let failure = try await withThrowingTaskGroup(of: TransportError?.self) { group in
            group.addTask { await self.failure(of: transport) }
            while server.requests.isEmpty { try await Task.sleep(for: .milliseconds(1)) }
            server.stop()
            return try await group.next() ?? nil
        }
        guard case .connectionLost? = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
    }

    @Test func streamThatEndsBeforeTheJobIsALostConnection() async throws {
        let server = try ScriptedServer([.chunkedHead, .chunk(try accepted), .lastChunk])
        defer { server.stop() }
        guard case .connectionLost = await failure(of: try transport(server, patient, oneShot)) else {
            Issue.record("not lost")
            return
        }
    }

    @Test func aResultThatCameWholeIsOneHoweverTheConnectionEnds() async throws {
        let whole: [ScriptedServer.Step] = [.chunkedHead, .chunk(try accepted + frame(.outcome(outcome())))]
        for end in [[], [.reset], [.stayingSilent]] as [[ScriptedServer.Step]] {
            let server = try ScriptedServer(whole + end)
            defer { server.stop() }
            #expect(try await transport(server, quick, eager).verify(job) { _ in } == (try outcome()), "\(end)")
            #expect(server.requests.count == 1)
        }
    }

    /// The suite's limit ends this test if the silence after the result is waited out.
    @Test func connectionThatStaysOpenAfterTheResultIsNotWaitedFor() async throws {
        let server = try ScriptedServer(
            [.chunkedHead, .chunk(try accepted + frame(.outcome(outcome()))), .stayingSilent])
        defer { server.stop() }
        let timeouts = TransportTimeouts(silence: .seconds(3600), ending: .milliseconds(100))
        #expect(try await transport(server, timeouts, oneShot).verify(job) { _ in } == (try outcome()))
    }

    @Test func whatComesAfterTheResultDoesNotSpoilIt() async throws {
        let server = try ScriptedServer(
            [.chunkedHead, .chunk(try accepted + frame(.outcome(outcome())) + frame(.alive)), .lastChunk])
        defer { server.stop() }
        #expect(try await transport(server, patient, oneShot).verify(job) { _ in } == (try outcome()))
    }

    @Test func silentServerTimesOut() async throws {
        let midway: [ScriptedServer.Step] = [.chunkedHead, .chunk(try accepted), .stayingSilent]
        for script in [[.stayingSilent], midway] {
            let server = try ScriptedServer(script)
            defer { server.stop() }
            guard case .timedOut = await failure(of: try transport(server, quick, eager)) else {
                Issue.record("not timed out")
                return
            }
            // Never asked again; a busy machine may not even have read the first request by then.
            #expect(server.requests.count <= 1)
        }
    }

    /// Streams that no verifier sends.
    enum Lie: CaseIterable, CustomTestStringConvertible {
        case noise, oversized, anotherJob, outcomeUnasked, anotherKind, exactUnasked, website, notHTTP, otherVersion
        var testDescription: String { "\(self)" }
    }

    @Test(arguments: Lie.allCases)
    func lieIsAProtocolViolation(_ lie: Lie) async throws {
        var steps = [ScriptedServer.Step.chunkedHead]
        switch lie {
        case .noise: steps.append(.chunk(Array(repeating: 0x41, count: 64)))
        case .oversized: steps.append(.chunk([0, 0, 0, 0x7F, 0, 0, 0, 0]))
        case .anotherJob: steps.append(.chunk(try frame(.accepted(version: 1, job: SampleJob.jobID("other")))))
        case .outcomeUnasked: steps.append(.chunk(try frame(.outcome(outcome()))))
        case .anotherKind:
            var outcome = try outcome()
            outcome.result = .latent
            steps.append(.chunk(try accepted + frame(.outcome(outcome))))
        case .exactUnasked:
            var outcome = try outcome()
            outcome.telemetry.exact = ExactTelemetry(placement: .edge)
            steps.append(.chunk(try accepted + frame(.outcome(outcome))))
        case .website: steps = [.head(type: "text/html"), .send(Array("<html>It works!</html>".utf8))]
        case .notHTTP: steps = [.send(Array("220 mail.example ESMTP\r\n".utf8))]
        case .otherVersion: steps.append(.chunk(try frame(.accepted(version: 9, job: job.id))))
        }
        let server = try ScriptedServer(steps + [.lastChunk])
        defer { server.stop() }
        guard case .protocolViolation = await failure(of: try transport(server, patient, eager)) else {
            Issue.record("taken for something else")
            return
        }
        #expect(server.requests.count == 1)
    }

    @Test func cancelledTaskStopsTheTransferAndTellsTheVerifier() async throws {
        let server = try ScriptedServer(
            [.chunkedHead, .chunk(try accepted + frame(.event(.decoding))), .stayingSilent],
            [.head("204 No Content")])
        defer { server.stop() }
        let transport = try transport(server, patient, eager)
        let hasBegun = AsyncStream.makeStream(of: Void.self)
        let task = Task { try await transport.verify(job) { _ in hasBegun.continuation.yield() } }
        for await _ in hasBegun.stream { break }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(server.requests == ["POST /v1/verify HTTP/1.1", "DELETE /v1/jobs/golden-1_A HTTP/1.1"])
    }

    @Test func cancellingDoesNotWaitForAServerThatHangs() async throws {
        let server = try ScriptedServer([.stayingSilent])
        defer { server.stop() }
        // Silence alone would end neither: the flag must end the one and the bound on words of cancellation the other.
        let timeouts = TransportTimeouts(
            connect: .seconds(5), silence: .seconds(3600), cancellation: .milliseconds(300))
        let transport = try transport(server, timeouts, eager)
        let task = Task { try await transport.verify(job) { _ in } }
        while server.requests.isEmpty { try await Task.sleep(for: .milliseconds(1)) }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func availabilityIsTheModelList() async throws {
        let description = VerifierDescription(models: SampleJob.models, isReady: true, waitingJobCount: 2)
        let server = try ScriptedServer(
            [.head(), .send(try ModelListCodec.encode(description))],
            [.head(), .send(Array(repeating: 0, count: 2_000_000))], [.head("200 OK", type: "text/html")])
        defer { server.stop() }
        let transport = try transport(server, patient, oneShot)
        #expect(try await transport.availability() == description)
        for _ in 0..<2 {
            await #expect {
                _ = try await transport.availability()
            } throws: { error in
                if case TransportError.protocolViolation = error { true } else { false }
            }
        }
        #expect(server.requests.first == "GET /v1/models HTTP/1.1")
    }
}
