import HTTPTypes
import Hummingbird
import Logging
import NIOHTTP1
import Speculation
import VerifierRuntime

/// Turns every error into a problem that the client can read; what is nobody's business stays in the log.
struct ProblemMiddleware<Context: RequestContext>: RouterMiddleware {
    let host: VerifierHost

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        var response = try await answer(request, context: context, next: next)
        // The head of what a GET would get: a body would be taken for the beginning of the next answer.
        if request.method == .head { response.body = .init() }
        return response
    }

    private func answer(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as VerifierError {
            context.logger.notice(
                "refused", metadata: ["code": "\(error.code.rawValue)", "reason": "\(error.message)"])
            host.count(error)
            return try error.response(retryAfter: host.suggestedDelay)
        } catch let error as any HTTPResponseError {
            // The server's own refusals: no such path, body too large.
            let problem = VerifierError(.invalidJob, message(for: error.status, path: request.uri.path))
            context.logger.notice(
                "refused", metadata: ["status": "\(error.status.code)", "path": "\(request.uri.path)"])
            host.count(problem)
            return try problem.response(status: error.status, retryAfter: host.suggestedDelay)
        } catch let error as HTTPParserError {
            // Broken framing, or a client that hung up in the middle; the server answers itself and closes the connection.
            context.logger.notice("refused", metadata: ["error": "\(error)", "path": "\(request.uri.path)"])
            host.count(VerifierError(.invalidJob, "the request is no HTTP"))
            throw error
        } catch {
            context.logger.error("failed", metadata: ["error": "\(error)", "path": "\(request.uri.path)"])
            let problem = VerifierError(.internalFailure, "the verifier failed on this request; its log says more")
            host.count(problem)
            return try problem.response(retryAfter: host.suggestedDelay)
        }
    }

    private func message(for status: HTTPResponse.Status, path: String) -> String {
        switch status {
        case .contentTooLarge: "the request is larger than this verifier takes; send a smaller latent or prompt"
        case .notFound: "this verifier has nothing at \(path.prefix(200)); Protocol/README.md lists what it has"
        default: "HTTP \(status.code) \(status.reasonPhrase)"
        }
    }
}
