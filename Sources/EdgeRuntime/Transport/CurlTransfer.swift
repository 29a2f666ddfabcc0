import CCurl
import Speculation
import WireProtocol

/// The head of a response, as far as it matters here.
struct ResponseHead: Hashable, Sendable {
    var status: Int
    /// Whether the body is made of this protocol's frames.
    var hasFrames: Bool
    var retryAfter: Duration?
}

/// Takes a response's body as it arrives.
protocol ResponseSink: AnyObject {
    /// Whether the message that ends the body has come, so that the body's own end is not worth waiting for.
    var isComplete: Bool { get }
    func receive(_ bytes: UnsafeRawBufferPointer, head: ResponseHead) throws(TransportError)
}

/// One HTTP exchange through libcurl; blocks, so it belongs on a thread of its own.
struct CurlTransfer: ~Copyable {
    /// The longest sleep between two looks at the cancellation flag.
    private static let pollMilliseconds: Int32 = 50

    private let easy: UnsafeMutableRawPointer
    private let multi: UnsafeMutableRawPointer
    private let errorText: UnsafeMutablePointer<CChar>
    private let headers: UnsafeMutablePointer<curl_slist>?
    private let request: CurlRequest
    private let receiver: Receiver
    private let log: TransferLog?

    private let connections: CurlConnections
    /// Whether the handle, and with it perhaps the connection, served another exchange before.
    private let isUsed: Bool
    private var isWhole = false

    /// - Parameters:
    ///   - connections: where an open connection is taken from and given back to.
    ///   - log: is told when the answer begins.
    init(
        _ request: CurlRequest, sink: any ResponseSink, connections: CurlConnections = CurlConnections(),
        log: TransferLog? = nil
    ) throws(TransportError) {
        let failure = TransportError.serverUnreachable("libcurl could not be set up; is there memory left?")
        guard Curl.isReady, let easy = curl_easy_init() else { throw failure }
        guard let handle = connections.take() else {
            curl_easy_cleanup(easy)
            throw failure
        }
        self.easy = easy
        (multi, isUsed) = (handle.pointer, handle.isUsed)
        self.errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        self.headers = request.headers.reduce(nil) { curl_slist_append($0, $1) ?? $0 }
        self.request = request
        self.connections = connections
        self.receiver = Receiver(sink: sink, easy: easy)
        self.log = log
        configure()
        curl_multi_add_handle(multi, easy)
    }

    deinit {
        curl_multi_remove_handle(multi, easy)
        if isWhole { connections.give(multi) } else { curl_multi_cleanup(multi) }
        curl_easy_cleanup(easy)
        curl_slist_free_all(headers)
        errorText.deallocate()
    }

    private func configure() {
        ccurl_setopt_string(easy, CURLOPT_URL, request.url)
        ccurl_setopt_string(easy, CURLOPT_PROTOCOLS_STR, "http,https")
        ccurl_setopt_string(easy, CURLOPT_USERAGENT, "underpaint")
        ccurl_setopt_string(easy, CURLOPT_CUSTOMREQUEST, request.method.rawValue)
        if let file = request.authorityFile { ccurl_setopt_string(easy, CURLOPT_CAINFO, file) }
        if let credentials = request.address.credentials {
            ccurl_setopt_string(easy, CURLOPT_USERNAME, credentials.name)
            ccurl_setopt_string(easy, CURLOPT_PASSWORD, credentials.password)
        }
        // A proxy that the environment names is for what is elsewhere.
        if request.address.isLoopback { ccurl_setopt_string(easy, CURLOPT_NOPROXY, "*") }
        ccurl_setopt_long(easy, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        ccurl_setopt_headers(easy, headers)
        if request.method == .post {
            ccurl_setopt_off(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(request.body.count))
            request.body.withUnsafeBytes { _ = ccurl_setopt_copied_body(easy, $0.baseAddress) }
        }
        ccurl_setopt_long(easy, CURLOPT_NOSIGNAL, 1)
        // A host name that takes long to resolve must not hold up a cancelled transfer.
        ccurl_setopt_long(easy, CURLOPT_QUICK_EXIT, 1)
        ccurl_setopt_long(easy, CURLOPT_CONNECTTIMEOUT_MS, request.timeouts.connect.wholeMilliseconds)
        ccurl_setopt_pointer(easy, CURLOPT_ERRORBUFFER, errorText)
        ccurl_setopt_pointer(easy, CURLOPT_WRITEDATA, Unmanaged.passUnretained(receiver).toOpaque())
        ccurl_setopt_write(easy) { bytes, size, count, context in
            guard let bytes, let context else { return 0 }
            let receiver = Unmanaged<Receiver>.fromOpaque(context).takeUnretainedValue()
            let isTaken = receiver.take(UnsafeRawBufferPointer(start: bytes, count: size * count))
            return isTaken ? size * count : 0
        }
    }

    /// Carries the exchange out.
    /// - Returns: the response's head; its body went to the sink.
    /// - Throws: `TransportError`, or `CancellationError` within 50 milliseconds of the flag.
    mutating func perform(cancellation: CancellationFlag) throws -> ResponseHead {
        // With `CURLOPT_NOSIGNAL` libcurl leaves SIGPIPE alone, and a TLS library may raise it.
        ignoreBrokenPipesOnThisThread()
        let clock = ContinuousClock()
        let start = clock.now
        var (lastProgress, lastBytes) = (start, 0)
        while true {
            var runningCount: Int32 = 0
            let status = curl_multi_perform(multi, &runningCount)
            guard status == CURLM_OK else {
                throw TransportError.connectionLost(
                    "libcurl gave up: \(String(cString: curl_multi_strerror(status)))")
            }
            var code = CURLE_OK
            if ccurl_multi_finished(multi, &code) == 1 {
                if let failure = receiver.failure { throw failure }
                if let failure = failure(for: code) { throw failure }
                log?.note(Curl.opening(of: easy))
                isWhole = true
                return receiver.head()
            }
            try cancellation.check()
            let now = clock.now
            let bytes = receiver.receivedBytes + Curl.offset(CURLINFO_SIZE_UPLOAD_T, of: easy)
            if bytes != lastBytes { (lastProgress, lastBytes) = (now, bytes) }
            let patience =
                receiver.isComplete ? min(request.timeouts.ending, request.timeouts.silence) : request.timeouts.silence
            if now - lastProgress > patience || now - start > (request.total ?? .seconds(Int64.max)) {
                // What stands between the two may have forgotten a connection without a word while it lay idle.
                if isUsed, receiver.receivedBytes == 0, Curl.long(CURLINFO_NUM_CONNECTS, of: easy) == 0 {
                    connections.forgetAll()
                    throw TransportError.connectionLost("the connection to \(request.url) was dead")
                }
                throw TransportError.timedOut(
                    "the verifier at \(request.url) was silent for \(now - lastProgress); try again later, "
                        + "or allow it more time")
            }
            curl_multi_poll(multi, nil, 0, CurlTransfer.pollMilliseconds, nil)
        }
    }

    /// The response's head, as far as it has come.
    var head: ResponseHead { receiver.head() }

    private func failure(for code: CURLcode) -> TransportError? {
        let detail = errorText.pointee == 0 ? String(cString: curl_easy_strerror(code)) : String(cString: errorText)
        return switch code {
        case CURLE_OK: nil
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY, CURLE_COULDNT_CONNECT,
            CURLE_OPERATION_TIMEDOUT:
            .serverUnreachable("no verifier answers at \(request.url) (\(detail)); is it running there?")
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_ISSUER_ERROR:
            .serverUnreachable(
                "nobody vouches for who answers at \(request.url) (\(detail)); if its certificate is one of your own, give it "
                    + "with --ca-file")
        case CURLE_SSL_CACERT_BADFILE:
            .serverUnreachable("\(request.authorityFile ?? "the system's file") has no certificates (\(detail))")
        case CURLE_SSL_CONNECT_ERROR:
            .serverUnreachable(
                "no safe connection to \(request.url) (\(detail)); does https answer there, or only http?")
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_URL_MALFORMAT, CURLE_WEIRD_SERVER_REPLY, CURLE_BAD_CONTENT_ENCODING:
            .protocolViolation("what answers at \(request.url) does not speak HTTP (\(detail))")
        case _ where Curl.long(CURLINFO_HTTP_CONNECTCODE, of: easy) >= 400:
            .serverUnreachable("the proxy on the way to \(request.url) does not let this through (\(detail))")
        case CURLE_GOT_NOTHING where request.url.hasPrefix("http:"):
            .connectionLost(
                "\(request.url) hangs up without an answer (\(detail)); if https is served there, say so in the address"
            )
        default: .connectionLost("the connection to \(request.url) broke (\(detail))")
        }
    }
}

/// What libcurl's write callback gets to: must stay where it is while the transfer lasts.
private final class Receiver {
    private let sink: any ResponseSink
    private let easy: UnsafeMutableRawPointer
    private(set) var receivedBytes = 0
    private(set) var failure: TransportError?
    var isComplete: Bool { sink.isComplete }

    init(sink: any ResponseSink, easy: UnsafeMutableRawPointer) {
        self.sink = sink
        self.easy = easy
    }

    func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
        receivedBytes += bytes.count
        do throws(TransportError) {
            try sink.receive(bytes, head: head())
            return true
        } catch {
            failure = error
            return false
        }
    }

    func head() -> ResponseHead {
        let wait = Curl.offset(CURLINFO_RETRY_AFTER, of: easy)
        return ResponseHead(
            status: Curl.long(CURLINFO_RESPONSE_CODE, of: easy),
            hasFrames: Curl.string(CURLINFO_CONTENT_TYPE, of: easy)?.hasPrefix(Frame.mediaType) == true,
            retryAfter: wait > 0 ? .seconds(wait) : nil)
    }
}

/// The few facts that are asked of libcurl.
private enum Curl {
    /// Global set-up, once; a `static let` is initialised by one thread only.
    static let isReady = curl_global_init(Int(CURL_GLOBAL_ALL)) == CURLE_OK

    static func offset(_ info: CURLINFO, of easy: UnsafeMutableRawPointer) -> Int {
        var value: curl_off_t = 0
        ccurl_getinfo_off(easy, info, &value)
        return Int(value)
    }

    /// From the end of the name's resolution to the first byte of the answer, without the making of a TLS session.
    static func opening(of easy: UnsafeMutableRawPointer) -> TransferLog.Opening {
        let connected = offset(CURLINFO_CONNECT_TIME_T, of: easy)
        // Zero without TLS.
        let secured = offset(CURLINFO_APPCONNECT_TIME_T, of: easy)
        let answered = offset(CURLINFO_STARTTRANSFER_TIME_T, of: easy) - offset(CURLINFO_NAMELOOKUP_TIME_T, of: easy)
        return TransferLog.Opening(
            seconds: Double(max(0, answered - max(0, secured - connected))) / 1e6,
            roundTrips: long(CURLINFO_NUM_CONNECTS, of: easy) > 0 ? NetworkEstimate.roundTripsToFirstByte : 1)
    }

    static func long(_ info: CURLINFO, of easy: UnsafeMutableRawPointer) -> Int {
        var value = 0
        ccurl_getinfo_long(easy, info, &value)
        return value
    }

    static func string(_ info: CURLINFO, of easy: UnsafeMutableRawPointer) -> String? {
        var value: UnsafePointer<CChar>?
        ccurl_getinfo_string(easy, info, &value)
        return value.map { String(cString: $0) }
    }
}
