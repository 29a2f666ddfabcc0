import Foundation
import Speculation
import Synchronization
import Testing
import VerificationTestSupport
import WireProtocol

@testable import EdgeRuntime

@Suite(.timeLimit(.minutes(10))) struct LibcurlTransportTests {
    private let job = SampleJob.make()
    private let quick = TransportTimeouts(
        connect: .seconds(5), silence: .milliseconds(300), cancellation: .milliseconds(300))
    private let patient = TransportTimeouts(
        connect: .seconds(5), silence: .seconds(60), cancellation: .seconds(60))
    private let oneShot = RetryPolicy(attempts: 1)
    private let eager = RetryPolicy(attempts: 3, firstPause: .milliseconds(1), longestPause: .milliseconds(2))

    private func frame(_ message: ReplyMessage) throws -> [UInt8] { try ReplyCodec.encode(message) }

    private var accepted: [UInt8] {
        get throws { try frame(.accepted(version: 1, job: job.id)) }
    }

    private func outcome() throws -> VerificationOutcome { try FakeVerification.run(job, report: { _ in }) }

    private func transport(
        _ server: ScriptedServer, _ timeouts: TransportTimeouts, _ retry: RetryPolicy
    ) throws -> LibcurlVerifierTransport {
        try LibcurlVerifierTransport(url: server.url + "/", timeouts: timeouts, retry: retry)
    }

    private func failure(
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

    @Test func brokenConnectionIsTakenUpAgainWithTheSameJob() async throws {
        let server = try ScriptedServer(
            [.chunkedHead, .chunk(try accepted), .reset],
            [.chunkedHead, .chunk(try accepted + frame(.outcome(outcome()))), .lastChunk])
        defer { server.stop() }
        #expect(try await transport(server, patient, eager).verify(job) { _ in } == (try outcome()))
        #expect(server.requests.count == 2)
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

    @Test func aFrameThatWasDamagedOnItsWayIsAskedForAgain() async throws {
        var damaged = try frame(.outcome(outcome()))
        damaged[5000] ^= 1
        let server = try ScriptedServer(
            [.chunkedHead, .chunk(try accepted + damaged), .lastChunk],
            [.chunkedHead, .chunk(try accepted + frame(.outcome(outcome()))), .lastChunk])
        defer { server.stop() }
        #expect(try await transport(server, patient, eager).verify(job) { _ in } == (try outcome()))
        #expect(server.requests.count == 2)
    }

    /// A connection that lay idle may be dead without a word; a new one is not.
    @Test func aKeptConnectionThatIsDeadIsReplaced() async throws {
        let answer: [ScriptedServer.Step] = [
            .keptHead, .chunk(try accepted + frame(.outcome(outcome()))), .lastChunk,
        ]
        let server = try ScriptedServer(answer + [.nextRequest, .stayingSilent], answer)
        defer { server.stop() }
        let transport = try transport(server, quick, eager)
        for _ in 0..<2 { #expect(try await transport.verify(job) { _ in } == (try outcome())) }
        #expect(server.requests.count == 3)
    }

    /// One that says that it stops and comes back a little later.
    @Test func aVerifierThatIsStartedAnewIsWaitedFor() async throws {
        let stopping = VerifierError(.shuttingDown, "stopping")
        let first = try ScriptedServer([.head("503 Service Unavailable"), .send(try frame(.problem(stopping)))])
        let retry = RetryPolicy(attempts: 200, firstPause: .milliseconds(20), longestPause: .milliseconds(20))
        let transport = try transport(first, patient, retry)
        async let found = transport.verify(job) { _ in }
        while first.requests.isEmpty { try await Task.sleep(for: .milliseconds(1)) }
        first.stop()
        try await Task.sleep(for: .milliseconds(60))
        let second = try ScriptedServer(
            [.chunkedHead, .chunk(try accepted + frame(.outcome(outcome()))), .lastChunk], at: first.port)
        defer { second.stop() }
        #expect(try await found == (try outcome()))
    }

    @Test func whyAVerifierWentIsSaidWhenItDoesNotComeBack() async throws {
        let stopping = VerifierError(.shuttingDown, "it stops")
        let server = try ScriptedServer([.head("503 Service Unavailable"), .send(try frame(.problem(stopping)))])
        let transport = try transport(server, patient, eager)
        async let found = failure(of: transport)
        while server.requests.isEmpty { try await Task.sleep(for: .milliseconds(1)) }
        server.stop()
        let message = await found?.message ?? ""
        #expect(message.contains("it stops"), "\(message)")
    }

    /// A proxy that cuts every stream after a while; each one tells something new.
    @Test func aJobThatGetsOnIsNotGivenUp() async throws {
        func cut(_ step: Int) throws -> [ScriptedServer.Step] {
            [.chunkedHead, .chunk(try accepted + frame(.event(.refined(done: step, total: 9)))), .reset]
        }
        let server = try ScriptedServer(
            cut(1), cut(2), cut(3), cut(4), cut(5),
            [.chunkedHead, .chunk(try accepted + frame(.outcome(outcome()))), .lastChunk])
        defer { server.stop() }
        #expect(try await transport(server, patient, eager).verify(job) { _ in } == (try outcome()))
        // One that always dies at the same place is.
        let stuck = try ScriptedServer(cut(1))
        defer { stuck.stop() }
        guard case .connectionLost? = await failure(of: try transport(stuck, patient, eager)) else {
            Issue.record("taken for something else")
            return
        }
        #expect(stuck.requests.count == 3)
    }

    @Test(arguments: [("429 Too Many Requests", true), ("523 Origin Is Unreachable", true), ("403 Forbidden", false)])
    func whatStandsInFrontMayRefuse(_ status: String, _ passes: Bool) async throws {
        let refusal: [ScriptedServer.Step] = [.head(status, type: "text/html"), .send(Array("<html>".utf8))]
        let server = try ScriptedServer(
            refusal, [.chunkedHead, .chunk(try accepted + frame(.outcome(outcome()))), .lastChunk])
        defer { server.stop() }
        let transport = try transport(server, patient, eager)
        if passes {
            #expect(try await transport.verify(job) { _ in } == (try outcome()))
        } else {
            let message = await failure(of: transport)?.message ?? ""
            #expect(message.contains("in front") && server.requests.count == 1, "\(message)")
        }
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

    @Test func overloadedServerIsAskedAgain() async throws {
        let busy = VerifierError(.overloaded, "full")
        let refusal: [ScriptedServer.Step] = [
            .head("503 Service Unavailable"), .send(try frame(.problem(busy))),
        ]
        let server = try ScriptedServer(
            refusal, refusal, [.chunkedHead, .chunk(try accepted + frame(.outcome(outcome()))), .lastChunk])
        defer { server.stop() }
        #expect(try await transport(server, patient, eager).verify(job) { _ in } == (try outcome()))
        let full = try ScriptedServer(refusal)
        defer { full.stop() }
        #expect(await failure(of: try transport(full, patient, eager)) == .refused(busy))
        #expect(full.requests.count == 3)
    }

    @Test func serverThatAsksForTooLongAPauseHasAnswered() async throws {
        let busy = VerifierError(.overloaded, "full")
        let server = try ScriptedServer(
            [.head("503 Service Unavailable", more: "Retry-After: 3600\r\n"), .send(try frame(.problem(busy)))])
        defer { server.stop() }
        #expect(await failure(of: try transport(server, patient, eager)) == .refused(busy))
        #expect(server.requests.count == 1)
    }

    @Test func finalRefusalIsNotArguedWith() async throws {
        let wrong = VerifierError(.unknownModel, "no such model")
        let server = try ScriptedServer([.head("404 Not Found"), .send(try frame(.problem(wrong)))])
        defer { server.stop() }
        #expect(await failure(of: try transport(server, patient, eager)) == .refused(wrong))
        #expect(server.requests.count == 1)
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

    @Test func proxyWithoutAVerifierIsUnreachableAfterSomeTries() async throws {
        let server = try ScriptedServer([.head("502 Bad Gateway", type: "text/html"), .send(Array("<html>".utf8))])
        defer { server.stop() }
        guard case .serverUnreachable = await failure(of: try transport(server, patient, eager)) else {
            Issue.record("not unreachable")
            return
        }
        #expect(server.requests.count == 3)
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
