import HTTPTypes
import Hummingbird
import Speculation
import WireProtocol

/// Lets only those in who show one of the tokens; everybody where there is none.
struct TokenMiddleware<Context: RequestContext>: RouterMiddleware {
    let tokens: [AccessToken]

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        let shown = request.headers[.authorization] ?? ""
        // All are compared, so that the time does not tell which of them was near.
        let matches = tokens.map { $0.matches(header: shown) }
        guard tokens.isEmpty || matches.contains(true) else {
            throw VerifierError(
                .unauthorized,
                shown.isEmpty
                    ? "this verifier lets in only those who show a token; give it with --token-file or UNDERPAINT_TOKEN"
                    : "the verifier does not know this token; ask who runs it for another")
        }
        return try await next(request, context)
    }
}
