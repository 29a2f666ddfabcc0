import Dispatch
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Speculation
import Testing
import VerificationTestSupport
import VerifierRuntime
import WireProtocol

@testable import VerifierService

@Suite(.timeLimit(.minutes(10))) struct RouteTests {
    /// The response to one request, straight from the router.
    private func response(
        _ verifier: TestVerifier, _ method: HTTPRequest.Method, _ path: String, body: [UInt8]? = nil
    ) async throws -> TestResponse {
        try await verifier.server().application().test(.router) { client in
            try await client.execute(uri: path, method: method, body: body.map { ByteBuffer(bytes: $0) })
        }
    }

    private func messages(_ response: TestResponse) throws -> [ReplyMessage] {
        var reader = FrameReader(limit: Frame.replyLimit)
        reader.append(response.body.readableBytesView)
        var messages: [ReplyMessage] = []
        while let content = try reader.next() { messages.append(try ReplyCodec.decode(content)) }
        #expect(reader.isBetweenFrames)
        return messages
    }

    /// Else what keeps its connection takes the body for the beginning of the next answer.
    @Test(arguments: [("/health", HTTPResponse.Status.ok), ("/ready", .ok), ("/nothing", .notFound)])
    func headsComeWithoutBodies(_ path: String, _ status: HTTPResponse.Status) async throws {
        let response = try await response(TestVerifier(), .head, path)
        #expect(response.status == status && response.body.readableBytes == 0)
    }

    @Test func addressesAreThoseThatClientsTake() {
        #expect(VerifierServer.Configuration(hostname: "::1").address(port: 80) == "http://[::1]:80")
        #expect(VerifierServer.Configuration(hostname: "localhost").address(port: 8) == "http://localhost:8")
    }

    /// Expects a refusal with status and code, and gives it.
    @discardableResult private func expectRefusal(
        _ response: TestResponse, _ status: HTTPResponse.Status, _ code: VerifierError.Code,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> VerifierError? {
        #expect(response.status == status, sourceLocation: sourceLocation)
        #expect(response.headers[.contentType] == Frame.mediaType, sourceLocation: sourceLocation)
        guard case .problem(let error)? = try messages(response).first else {
            Issue.record("no problem in the body", sourceLocation: sourceLocation)
            return nil
        }
        #expect(error.code == code, sourceLocation: sourceLocation)
        return error
    }

    @Test func jobIsAnsweredByItsStream() async throws {
        let verifier = try await TestVerifier()
        let job = SampleJob.make()
        let response = try await response(verifier, .post, "/v1/verify", body: RequestCodec.encode(job))
        #expect(response.status == .ok)
        var events: [ReplyMessage] = []
        let outcome = try FakeVerification.run(job) { events.append(.event($0)) }
        let messages = try messages(response)
        #expect(messages.first == .accepted(version: 1, job: job.id))
        #expect(Array(messages.suffix(events.count + 1)) == events + [.outcome(outcome)])
    }

    @Test func sameJobIsReplayedAndAnotherUnderItsIdRefused() async throws {
        let verifier = try await TestVerifier()
        let body = try RequestCodec.encode(SampleJob.make())
        let first = try messages(await response(verifier, .post, "/v1/verify", body: body))
        let second = try messages(await response(verifier, .post, "/v1/verify", body: body))
        let stored = try messages(await response(verifier, .get, "/v1/jobs/golden-1_A"))
        #expect(first.last == second.last && first.last == stored.last)
        #expect(verifier.executions == 1)
        let other = try RequestCodec.encode(SampleJob.make(seed: 2))
        try expectRefusal(await response(verifier, .post, "/v1/verify", body: other), .conflict, .conflictingJob)
    }

    @Test func badBodiesAreRefusedWithTheRightStatus() async throws {
        let verifier = try await TestVerifier()
        let good = try RequestCodec.encode(SampleJob.make())
        func post(_ body: [UInt8]) async throws -> TestResponse {
            try await response(verifier, .post, "/v1/verify", body: body)
        }
        try expectRefusal(await post([]), .badRequest, .invalidJob)
        try expectRefusal(await post(Array(good.dropLast())), .badRequest, .invalidJob)
        try expectRefusal(await post(good + [0]), .badRequest, .invalidJob)
        var flipped = good
        flipped[100] ^= 0x10
        try expectRefusal(await post(flipped), .badRequest, .invalidJob)
        try expectRefusal(await post([0xFF, 0xFF, 0xFF, 0x7F, 0, 0, 0, 0]), .badRequest, .invalidJob)
        try expectRefusal(
            await post(Array(repeating: 0, count: Frame.requestLimit + 100)), .contentTooLarge, .invalidJob)
        var job = SampleJob.make()
        job.prompt = Array(repeating: "mug", count: 10_000).joined(separator: " ")
        let refusal = try expectRefusal(await post(RequestCodec.encode(job)), .badRequest, .invalidJob)
        #expect(refusal?.message.contains("prompt") == true)
        #expect(verifier.executions == 0)
    }

    @Test(arguments: [
        (VerifierError.Code.unknownModel, HTTPResponse.Status.notFound), (.incompatibleModel, .conflict),
        (.invalidLatent, .unprocessableContent), (.unsupportedVersion, .upgradeRequired),
        (.internalFailure, .internalServerError), (.overloaded, .serviceUnavailable),
    ])
    func refusalOfTheModelsHasItsStatus(code: VerifierError.Code, status: HTTPResponse.Status) async throws {
        let verifier = try await TestVerifier(refusal: VerifierError(code, "because"))
        let body = try RequestCodec.encode(SampleJob.make())
        let response = try await response(verifier, .post, "/v1/verify", body: body)
        try expectRefusal(response, status, code)
        #expect((response.headers[.retryAfter] != nil) == (status == .serviceUnavailable))
    }

    @Test func fullQueueIsServiceUnavailableWithATimeToRetry() async throws {
        let gate = DispatchSemaphore(value: 0)
        defer { gate.signal() }
        let verifier = try await TestVerifier(limits: HostLimits(waitingJobs: 0)) { job, report in
            gate.wait()
            return try FakeVerification.run(job, report: report)
        }
        #expect(try await response(verifier, .get, "/ready").status == .ok)
        let updates = try verifier.host.submit(SampleJob.make())
        let response = try await response(
            verifier, .post, "/v1/verify", body: RequestCodec.encode(SampleJob.make(id: "other")))
        try expectRefusal(response, .serviceUnavailable, .overloaded)
        #expect(response.headers[.retryAfter] == "2")
        #expect(try await self.response(verifier, .get, "/ready").status == .serviceUnavailable)
        gate.signal()
        for await _ in updates {}
        #expect(try await self.response(verifier, .get, "/ready").status == .ok)
    }

    @Test func unknownJobsAndPathsAreNotFound() async throws {
        let verifier = try await TestVerifier()
        try expectRefusal(await response(verifier, .get, "/v1/jobs/nobody"), .notFound, .unknownJob)
        try expectRefusal(await response(verifier, .delete, "/v1/jobs/nobody"), .notFound, .unknownJob)
        try expectRefusal(await response(verifier, .get, "/v1/jobs/%2e%2e%2fetc"), .notFound, .unknownJob)
        try expectRefusal(await response(verifier, .get, "/v2/verify"), .notFound, .invalidJob)
    }

    @Test func jobThatIsOverCanBeCancelledWithoutHarm() async throws {
        let verifier = try await TestVerifier()
        let body = try RequestCodec.encode(SampleJob.make())
        _ = try await response(verifier, .post, "/v1/verify", body: body)
        #expect(try await response(verifier, .delete, "/v1/jobs/golden-1_A").status == .noContent)
        #expect(try await response(verifier, .get, "/v1/jobs/golden-1_A").status == .ok)
    }

    @Test func internalErrorsStayInternal() async throws {
        struct Secret: Error { let path = "/home/painter/weights" }
        let verifier = try await TestVerifier(execute: { _, _ in throw Secret() })
        let body = try RequestCodec.encode(SampleJob.make())
        let response = try await response(verifier, .post, "/v1/verify", body: body)
        guard case .problem(let error)? = try messages(response).last else {
            Issue.record("no problem")
            return
        }
        #expect(error.code == .internalFailure && !error.message.contains("painter"))
    }

    @Test func uploadsThatBreakOffAreNoFailureOfTheVerifier() async throws {
        struct Reset: Error {}
        let verifier = try await TestVerifier()
        let channel = NIOAsyncTestingChannel()
        let routes = VerifierRoutes(host: verifier.host, heartbeat: .seconds(5), tokens: [])
        let responder = routes.router().buildResponder()
        func upload(endingWith error: any Error) async throws -> HTTPResponse.Status {
            let (body, source) = RequestBody.makeStream()
            await source.yield(ByteBuffer(bytes: [1, 2, 3]))
            source.finish(error)
            let head = HTTPRequest(method: .post, scheme: "http", authority: "here", path: "/v1/verify")
            let context = BasicRequestContext(
                source: ApplicationRequestContextSource(channel: channel, logger: TestVerifier.quietLogger))
            return try await responder.respond(to: Request(head: head, body: body), context: context).status
        }
        // Of broken framing: the server answers 400 itself, and closes the connection.
        await #expect(throws: HTTPParserError.invalidChunkSize) {
            try await upload(endingWith: HTTPParserError.invalidChunkSize)
        }
        #expect(try await upload(endingWith: Reset()) == .badRequest)
        #expect(try await upload(endingWith: NIOTooManyBytesError(maxBytes: 2)) == .contentTooLarge)
        #expect(verifier.host.tally.problems == [.invalidJob: 3])
        _ = try await channel.finish()
    }

    @Test func modelsAreListed() async throws {
        let response = try await response(TestVerifier(), .get, "/v1/models")
        let description = try ModelListCodec.decode(response.body.readableBytesView)
        #expect(
            description
                == VerifierDescription(
                    models: SampleJob.models, isReady: true, waitingJobCount: 0, expectedWaitSeconds: 0))
    }

    @Test func onlyThoseWithATokenAreLetIn() async throws {
        let verifier = try await TestVerifier()
        let token = try #require(AccessToken("0123456789abcdef"))
        let other = try #require(AccessToken("fedcba9876543210"))
        let body = ByteBuffer(bytes: try RequestCodec.encode(SampleJob.make()))
        try await verifier.server(tokens: [other, token]).application().test(.router) { client in
            func ask(_ method: HTTPRequest.Method, _ path: String, _ header: String?) async throws -> TestResponse {
                let headers: HTTPFields = header.map { [.authorization: $0] } ?? [:]
                return try await client.execute(
                    uri: path, method: method, headers: headers, body: method == .post ? body : nil)
            }
            for (method, path) in [
                (HTTPRequest.Method.post, "/v1/verify"), (.get, "/v1/jobs/golden-1_A"),
                (.delete, "/v1/jobs/golden-1_A"),
                (.get, "/v1/models"), (.get, "/metrics"),
            ] {
                for header in [nil, "", "Basic 0123456789abcdef", "Bearer 0123456789abcdeg"] {
                    let response = try await ask(method, path, header)
                    try expectRefusal(response, .unauthorized, .unauthorized)
                    #expect(response.headers[.wwwAuthenticate] == "Bearer")
                }
            }
            #expect(verifier.executions == 0)
            #expect(verifier.host.tally.problems == [.unauthorized: 20])
            #expect(try await ask(.get, "/health", nil).status == .ok)
            #expect(try await ask(.get, "/ready", nil).status == .ok)
            for known in [token, other] {
                #expect(try await ask(.post, "/v1/verify", known.header).status == .ok)
                #expect(try await ask(.get, "/metrics", known.header).status == .ok)
            }
        }
    }

    @Test func metricsCountWhatWasDone() async throws {
        let verifier = try await TestVerifier(limits: HostLimits(waitingJobs: 1))
        let job = SampleJob.make()
        let outcome = try FakeVerification.run(job) { _ in }
        for _ in 0..<2 { _ = try await response(verifier, .post, "/v1/verify", body: RequestCodec.encode(job)) }
        let other = try RequestCodec.encode(SampleJob.make(seed: 2))
        try expectRefusal(await response(verifier, .post, "/v1/verify", body: other), .conflict, .conflictingJob)
        let response = try await response(verifier, .get, "/metrics")
        #expect(response.headers[.contentType] == "text/plain; version=0.0.4; charset=utf-8")
        let lines = String(buffer: response.body).split(separator: "\n")
        // The second sending was no second job.
        for line in [
            "underpaint_jobs_delivered_total 1", "underpaint_problems_total{code=\"conflictingJob\"} 1.0",
            "underpaint_problems_total{code=\"overloaded\"} 0.0",
            "underpaint_evaluations_total \(outcome.telemetry.verifierEvaluations)",
            "underpaint_evaluations_alone_total \(outcome.telemetry.verifierOnlyEvaluations)",
            "underpaint_received_bytes_total \(job.codedEstimate.count)",
            "underpaint_sent_bytes_total \(outcome.payload.count)", "underpaint_ready 1.0",
            "underpaint_jobs_running 0.0", "underpaint_jobs_waiting 0.0",
        ] {
            #expect(lines.contains { $0 == line }, "\(line) is not in \(lines)")
        }
        // Every sample belongs to a family that was announced, as the format wants it.
        let families = Set(lines.filter { $0.hasPrefix("# TYPE ") }.map { $0.split(separator: " ")[2] })
        for line in lines where !line.hasPrefix("#") {
            #expect(families.contains(line.prefix { $0 != "{" && $0 != " " }), "\(line)")
        }
    }

    @Test func readinessFollowsLoadingAndDraining() async throws {
        let gate = DispatchSemaphore(value: 0)
        defer { gate.signal() }
        let host = VerifierHost {
            gate.wait()
            return LoadedVerifier(executor: TestExecutor(), models: SampleJob.models)
        }
        let server = TestVerifier.server(for: host)
        try await server.application().test(.router) { client in
            func status(_ path: String) async throws -> HTTPResponse.Status {
                try await client.execute(uri: path, method: .get).status
            }
            #expect(try await status("/health") == .ok)
            #expect(try await status("/ready") == .serviceUnavailable)
            gate.signal()
            try await host.waitUntilLoaded()
            #expect(try await status("/ready") == .ok)
            await host.drain(grace: .zero)
            #expect(try await status("/ready") == .serviceUnavailable)
            #expect(try await status("/health") == .ok)
        }
    }
}
