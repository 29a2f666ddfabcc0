import Speculation
import Testing
import VerificationTestSupport
import WireProtocol

@testable import EdgeRuntime

/// What is asked again, for how long, and what is not.
extension LibcurlTransportTests {
    @Test func brokenConnectionIsTakenUpAgainWithTheSameJob() async throws {
        let server = try ScriptedServer(
            [.chunkedHead, .chunk(try accepted), .reset],
            try finished)
        defer { server.stop() }
        #expect(try await transport(server, patient, eager).verify(job) { _ in } == (try outcome()))
        #expect(server.requests.count == 2)
    }

    @Test func aFrameThatWasDamagedOnItsWayIsAskedForAgain() async throws {
        var damaged = try frame(.outcome(outcome()))
        damaged[5000] ^= 1
        let server = try ScriptedServer(
            [.chunkedHead, .chunk(try accepted + damaged), .lastChunk],
            try finished)
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
            try finished, at: first.port)
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
            try finished)
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
            refusal, try finished)
        defer { server.stop() }
        let transport = try transport(server, patient, eager)
        if passes {
            #expect(try await transport.verify(job) { _ in } == (try outcome()))
        } else {
            let message = await failure(of: transport)?.message ?? ""
            #expect(message.contains("in front") && server.requests.count == 1, "\(message)")
        }
    }

    @Test func overloadedServerIsAskedAgain() async throws {
        let busy = VerifierError(.overloaded, "full")
        let refusal: [ScriptedServer.Step] = [
            .head("503 Service Unavailable"), .send(try frame(.problem(busy))),
        ]
        let server = try ScriptedServer(
            refusal, refusal, try finished)
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

    @Test func proxyWithoutAVerifierIsUnreachableAfterSomeTries() async throws {
        let server = try ScriptedServer([.head("502 Bad Gateway", type: "text/html"), .send(Array("<html>".utf8))])
        defer { server.stop() }
        guard case .serverUnreachable = await failure(of: try transport(server, patient, eager)) else {
            Issue.record("not unreachable")
            return
        }
        #expect(server.requests.count == 3)
    }
}
