import WireProtocol

/// One HTTP request, ready to be sent.
struct CurlRequest: Sendable {
    enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
        case delete = "DELETE"
    }

    var method: Method
    let address: VerifierAddress
    /// Behind the address, from a slash on.
    let path: String
    /// For `post` only.
    var body: [UInt8] = []
    var timeouts: TransportTimeouts
    /// For verifiers that let in only those who show one.
    var token: AccessToken?
    /// A PEM file with the certificates that vouch for a verifier; nil for those of the system.
    var authorityFile: String?
    /// Bounds the whole exchange; nil for streams, which may last.
    var total: Duration?

    var url: String { address.base + path }

    var headers: [String] {
        // libcurl waits a second for `100 Continue` before it sends a larger body, unless `Expect` is cleared.
        var common = ["Expect:", "Accept: \(Frame.mediaType)"]
        if let token { common.append("Authorization: \(token.header)") }
        return method == .post ? common + ["Content-Type: \(Frame.mediaType)"] : common
    }
}

/// How long to wait for a verifier.
public struct TransportTimeouts: Hashable, Sendable {
    /// Until the connection stands.
    public var connect: Duration
    /// Without a byte in either direction. A verifier gives a sign of life every 5 seconds.
    public var silence: Duration
    /// For a stream to end after its last message; then what came is taken as whole.
    public var ending: Duration
    /// For the word that a job was cancelled to get through.
    public var cancellation: Duration

    public init(
        connect: Duration = .seconds(10), silence: Duration = .seconds(30),
        ending: Duration = .seconds(1), cancellation: Duration = .seconds(3)
    ) {
        self.connect = connect
        self.silence = silence
        self.ending = ending
        self.cancellation = cancellation
    }
}

extension Duration {
    /// Whole milliseconds, at least 1 for anything positive.
    var wholeMilliseconds: Int {
        let (seconds, attoseconds) = components
        let milliseconds = Int(clamping: seconds).multipliedReportingOverflow(by: 1000)
        guard !milliseconds.overflow else { return .max }
        let sum = milliseconds.partialValue.addingReportingOverflow(Int(attoseconds / 1_000_000_000_000_000))
        return sum.overflow ? .max : max(sum.partialValue, self > .zero ? 1 : 0)
    }
}
