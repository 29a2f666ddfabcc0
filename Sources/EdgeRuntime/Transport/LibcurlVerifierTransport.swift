public import Speculation
import Synchronization
public import WireProtocol

/// A verifier on another machine, over HTTP.
///
/// Every exchange runs on a thread of its own. A job whose connection breaks, or that is refused for now, is sent again
/// under the same id, which the verifier recognises.
public struct LibcurlVerifierTransport: VerifierTransport {
    private let address: VerifierAddress
    private let token: AccessToken?
    private let authorityFile: String?
    private let timeouts: TransportTimeouts
    private let retry: RetryPolicy
    private let log: TransferLog?
    private let connections = CurlConnections()

    /// - Parameters:
    ///   - url: the verifier's base URL, for example `http://192.168.0.7:7860`.
    ///   - token: shown with every request.
    ///   - authorityFile: PEM, the certificates that vouch for a verifier's own where it has https; nil for the system's.
    ///   - log: is told when answers begin, for estimates of the network.
    /// - Throws: `TransportError.invalidAddress`.
    public init(
        url: String, token: AccessToken? = nil, authorityFile: String? = nil,
        timeouts: TransportTimeouts = TransportTimeouts(), retry: RetryPolicy = RetryPolicy(), log: TransferLog? = nil
    ) throws(TransportError) {
        self.address = try VerifierAddress(url)
        self.token = token
        self.authorityFile = authorityFile
        self.timeouts = timeouts
        self.retry = retry
        self.log = log
    }

    /// Whether everybody on the way can read the token, or the password in the address.
    public var exposesToken: Bool { (token != nil || address.credentials != nil) && !address.isPrivate }

    public var isConnected: Bool { connections.hasOne }

    public func verify(
        _ job: VerificationJob, report: @escaping @Sendable (VerificationEvent) -> Void
    ) async throws -> VerificationOutcome {
        let frame: [UInt8]
        do throws(WireError) {
            frame = try RequestCodec.encode(job)
        } catch {
            throw TransportError.refused(VerifierError(.invalidJob, error.message))
        }
        do {
            return try await sendUntilDone(job, frame, report)
        } catch {
            guard error is CancellationError || Task.isCancelled else { throw error }
            await tellCancelled(job.id)
            throw CancellationError()
        }
    }

    public func availability() async throws -> VerifierDescription {
        let request = request(.get, "/v1/models")
        let (head, body) = try await onOwnThread(named: "verifier models") { [connections, log] cancellation in
            let sink = BodySink(limit: Frame.requestLimit + 8)
            var transfer = try CurlTransfer(request, sink: sink, connections: connections, log: log)
            return (try transfer.perform(cancellation: cancellation), sink.bytes)
        }
        guard head.hasFrames else { throw strangeAnswer(head) }
        let refusal: ReplyMessage?
        do throws(WireError) {
            if head.status == 200 { return try ModelListCodec.decode(body) }
            var reader = FrameReader(limit: Frame.replyLimit)
            reader.append(body)
            refusal = try reader.next().map(ReplyCodec.decode)
        } catch {
            throw TransportError.protocolViolation("the verifier at \(address): \(error.message)")
        }
        guard case .problem(let error) = refusal else { throw strangeAnswer(head) }
        throw TransportError.refused(error)
    }

    private func sendUntilDone(
        _ job: VerificationJob, _ frame: [UInt8], _ report: @escaping @Sendable (VerificationEvent) -> Void
    ) async throws -> VerificationOutcome {
        var failures = 0
        // Of a verifier that was there.
        var loss: TransportError?
        let told = ProgressTold()
        while true {
            let failure: Failure
            do throws(Failure) {
                return try await send(job, frame) { event in
                    told.note(event)
                    report(event)
                }
            } catch {
                failure = error
            }
            guard let error = failure.error else { throw CancellationError() }
            // Where the job got further than ever, what ends every stream after a while is no reason to give up.
            failures = told.takeIsNew() ? 1 : failures + 1
            if failure.isPassing, loss == nil || !error.isUnreachable { loss = error }
            // Nobody there at the first try is an answer; after a verifier that was there it may be a restart.
            let isWorthRetrying = failure.isPassing || (loss != nil && error.isUnreachable)
            guard isWorthRetrying, let pause = retry.pause(afterFailures: failures, requested: failure.retryAfter)
            else {
                guard error.isUnreachable, let loss, loss != error else { throw error }
                throw TransportError.connectionLost("\(loss.message); since then \(error.message)")
            }
            try await Task.sleep(for: pause)
        }
    }

    /// Why one sending failed; without an error it was cancelled.
    private struct Failure: Error {
        var error: TransportError?
        /// Whether the next sending may go better on its own.
        var isPassing = false
        var retryAfter: Duration?
    }

    private func send(
        _ job: VerificationJob, _ frame: [UInt8], _ report: @escaping @Sendable (VerificationEvent) -> Void
    ) async throws(Failure) -> VerificationOutcome {
        let request = request(.post, "/v1/verify", body: frame)
        let head: ResponseHead
        let end: Result<VerificationOutcome, VerifierError>?
        do {
            (head, end) = try await onOwnThread(named: "verifier transfer") {
                [address, connections, log] cancellation in
                let sink = JobReplySink(job: job, address: address, report: report)
                var transfer = try CurlTransfer(request, sink: sink, connections: connections, log: log)
                do {
                    return (try transfer.perform(cancellation: cancellation), sink.end)
                } catch let error as TransportError {
                    // An end that came whole is one, whatever came after it.
                    guard let end = sink.end else { throw error }
                    return (transfer.head, end)
                }
            }
        } catch let error as TransportError {
            throw Failure(error: error, isPassing: error.isConnectionLost)
        } catch {
            throw Failure()
        }
        switch end {
        case .success(let outcome): return outcome
        case .failure(let error):
            let isPassing = error.code == .overloaded || error.code == .shuttingDown
            throw Failure(error: .refused(error), isPassing: isPassing, retryAfter: head.retryAfter)
        case nil where head.status == 200 && head.hasFrames:
            let error = TransportError.connectionLost("the verifier at \(address) hung up before the job was done")
            throw Failure(error: error, isPassing: true)
        case nil:
            throw Failure(
                error: strangeAnswer(head), isPassing: head.isOfPassingTrouble, retryAfter: head.retryAfter)
        }
    }

    /// Tells the verifier to stop; a verifier that does not hear it finishes the job for nobody.
    private func tellCancelled(_ id: JobID) async {
        let request = request(.delete, "/v1/jobs/\(id)", total: timeouts.cancellation)
        // A task of its own, because this one is cancelled, which would stop the word at once.
        _ = await Task.detached { [timeouts] in
            let deadline = ContinuousClock.now + timeouts.cancellation
            // The word may overtake the job that it is about.
            while try await self.exchange(request).status == 404, ContinuousClock.now < deadline {
                try await Task.sleep(for: .milliseconds(100))
            }
        }.result
    }

    private func exchange(_ request: CurlRequest) async throws -> ResponseHead {
        try await onOwnThread(named: "verifier cancellation") { cancellation in
            var transfer = try CurlTransfer(request, sink: BodySink(limit: 4096))
            return try transfer.perform(cancellation: cancellation)
        }
    }

    private func request(
        _ method: CurlRequest.Method, _ path: String, body: [UInt8] = [], total: Duration? = nil
    ) -> CurlRequest {
        CurlRequest(
            method: method, address: address, path: path, body: body, timeouts: timeouts, token: token,
            authorityFile: authorityFile, total: total)
    }

    /// What an answer says that is none of a verifier's.
    private func strangeAnswer(_ head: ResponseHead) -> TransportError {
        switch head.status {
        case _ where head.isOfPassingTrouble:
            .serverUnreachable("a gateway answers at \(address) but no verifier behind it (HTTP \(head.status))")
        case 401, 403, 407, 413:
            .serverUnreachable(
                "what stands in front of the verifier at \(address) refuses this (HTTP \(head.status)); ask who runs it"
            )
        default:
            .protocolViolation(
                "what answers at \(address) is no Underpaint verifier (HTTP \(head.status)); check the address")
        }
    }
}

/// What a verifier has told of a job so far, over all sendings.
private final class ProgressTold: Sendable {
    private let state = Mutex((events: Set<VerificationEvent>(), isNew: false))

    func note(_ event: VerificationEvent) {
        state.withLock { if $0.events.insert(event).inserted { $0.isNew = true } }
    }

    /// Whether there was anything new since the last time.
    func takeIsNew() -> Bool {
        state.withLock { state in
            defer { state.isNew = false }
            return state.isNew
        }
    }
}

extension ResponseHead {
    /// Whether a proxy says that its verifier is away for now, or that it is asked too often.
    fileprivate var isOfPassingTrouble: Bool {
        status == 408 || status == 429 || (502...504).contains(status) || (520...524).contains(status)
    }
}

extension TransportError {
    fileprivate var isUnreachable: Bool {
        if case .serverUnreachable = self { true } else { false }
    }

    fileprivate var isConnectionLost: Bool {
        if case .connectionLost = self { true } else { false }
    }
}
