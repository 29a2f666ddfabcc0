import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOHTTP1
import Speculation
import VerifierRuntime
import WireProtocol

/// The calls of Protocol/README.md.
struct VerifierRoutes: Sendable {
    let host: VerifierHost
    let heartbeat: Duration
    /// Of those who are let in; everybody is where there is none.
    let tokens: [AccessToken]

    /// A frame's header, and room to see that a body is too large rather than cut.
    private static let bodyLimit = Frame.requestLimit + 64

    func router() -> Router<BasicRequestContext> {
        let router = Router(context: BasicRequestContext.self, options: .autoGenerateHeadEndpoints)
        router.add(middleware: ProblemMiddleware(host: host))
        // What a load balancer asks is everybody's.
        router.get("/health") { _, _ in "alive\n" }
        router.get("/ready", use: ready)
        let guarded = router.group().add(middleware: TokenMiddleware(tokens: tokens))
        guarded.post("/v1/verify", use: verify)
        guarded.get("/v1/jobs/:id", use: watch)
        guarded.delete("/v1/jobs/:id", use: cancel)
        guarded.get("/v1/models", use: models)
        guarded.get("/metrics", use: metrics)
        return router
    }

    @Sendable private func verify(_ request: Request, _ context: BasicRequestContext) async throws -> Response {
        let body = try await body(of: request)
        let job = try RequestCodec.decode(body.readableBytesView)
        let updates = try host.submit(job)
        context.logger.info(
            "took job",
            metadata: [
                "job": "\(job.id)", "verifier": "\(job.verifier.id)", "draft": "\(job.draft.id)",
                "latent": "\(job.latentShape)", "handoff": "\(job.handoffStep)/\(job.stepCount)",
                "steps": "\(job.verifierStepCount)", "bytes": "\(job.codedBytes)",
            ])
        return stream(job.id, updates, context.logger)
    }

    @Sendable private func watch(_ request: Request, _ context: BasicRequestContext) async throws -> Response {
        let id = try jobID(context)
        return stream(id, try host.attach(to: id), context.logger)
    }

    @Sendable private func cancel(_ request: Request, _ context: BasicRequestContext) async throws -> Response {
        let id = try jobID(context)
        try host.cancel(id)
        context.logger.info("cancelled job", metadata: ["job": "\(id)"])
        return Response(status: .noContent)
    }

    @Sendable private func models(_ request: Request, _ context: BasicRequestContext) async throws -> Response {
        let frame = try ModelListCodec.encode(host.description)
        return Response(
            status: .ok, headers: [.contentType: Frame.mediaType],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: frame)))
    }

    @Sendable private func metrics(_ request: Request, _ context: BasicRequestContext) async throws -> Response {
        let metrics = Metrics(of: host)
        return Response(
            status: .ok, headers: [.contentType: Metrics.mediaType],
            body: ResponseBody(byteBuffer: ByteBuffer(string: metrics.text)))
    }

    @Sendable private func ready(_ request: Request, _ context: BasicRequestContext) async throws -> Response {
        let (status, text): (HTTPResponse.Status, String) =
            switch host.condition {
            case .ready: (.ok, "ready")
            case .full: (.serviceUnavailable, "as many jobs run and wait as fit")
            case .loading: (.serviceUnavailable, "the models are being loaded")
            case .stopping: (.serviceUnavailable, "the verifier is stopping")
            case .broken: (.serviceUnavailable, "the models could not be loaded")
            }
        return Response(
            status: status, headers: [.contentType: "text/plain; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text + "\n")))
    }

    /// The whole body.
    ///
    /// - Throws: the server's own refusals as they are, `shuttingDown` where it stops meanwhile, and `invalidJob` for whatever
    ///   else keeps a body from coming: a connection that breaks is not this program's failure, and nobody is there to read
    ///   the reply; it is counted by.
    private func body(of request: Request) async throws -> ByteBuffer {
        do {
            return try await request.body.collect(upTo: VerifierRoutes.bodyLimit)
        } catch  where error is any HTTPResponseError || error is HTTPParserError {
            throw error
        } catch is CancellationError {
            throw VerifierError(.shuttingDown, "the verifier is stopping; send the job again later or elsewhere")
        } catch {
            throw VerifierError(.invalidJob, "the request did not come whole (\(error))")
        }
    }

    private func jobID(_ context: BasicRequestContext) throws -> JobID {
        let text = try context.parameters.require("id")
        guard let id = JobID(text) else {
            throw VerifierError(.unknownJob, "a job id is 1…64 letters, digits, '-' or '_'")
        }
        return id
    }

    private func stream(_ id: JobID, _ updates: AsyncStream<JobUpdate>, _ logger: Logger) -> Response {
        ReplyStream(job: id, updates: updates, heartbeat: heartbeat) { end in
            switch end {
            case .success(let outcome):
                let telemetry = outcome.telemetry
                logger.info(
                    "delivered job",
                    metadata: [
                        "job": "\(id)", "evaluations": "\(telemetry.verifierEvaluations)",
                        "reentry": "\(telemetry.reentryStep)", "bytes": "\(outcome.payload.count)",
                        "stages": .dictionary(
                            Dictionary(
                                telemetry.stages.map { ($0.name, "\($0.milliseconds) ms") }, uniquingKeysWith: { $1 })),
                    ])
            case .failure(let error):
                logger.notice("job failed", metadata: ["job": "\(id)", "code": "\(error.code.rawValue)"])
            case nil:
                logger.notice("client left before it had its result", metadata: ["job": "\(id)"])
            }
        }.response
    }
}
