import HTTPTypes
import Hummingbird
import Speculation
import WireProtocol

extension VerifierError {
    /// The HTTP status that says the same as the code.
    var status: HTTPResponse.Status {
        switch code {
        case .invalidJob: .badRequest
        case .unknownModel, .unknownJob: .notFound
        case .incompatibleModel, .conflictingJob, .cancelled: .conflict
        case .invalidLatent: .unprocessableContent
        case .unsupportedVersion: .upgradeRequired
        case .overloaded, .shuttingDown: .serviceUnavailable
        case .internalFailure: .internalServerError
        case .unauthorized: .unauthorized
        }
    }

    /// A refusal: a reply stream of one problem.
    ///
    /// - Parameters:
    ///   - status: replaces the code's own.
    ///   - retryAfter: for refusals that pass, when to ask again.
    func response(status: HTTPResponse.Status? = nil, retryAfter: Duration) throws(WireError) -> Response {
        let status = status ?? self.status
        var headers: HTTPFields = [.contentType: Frame.mediaType]
        if status == .serviceUnavailable { headers[.retryAfter] = "\(max(1, retryAfter.components.seconds))" }
        if status == .unauthorized { headers[.wwwAuthenticate] = "Bearer" }
        let frame = try ReplyCodec.encode(.problem(self))
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: frame)))
    }
}
