import CCurl

/// A verifier's base URL, known to be http or https and to name a host.
struct VerifierAddress: Hashable, Sendable, CustomStringConvertible {
    /// Without a slash at the end, and without `credentials`: it is shown to people.
    let base: String
    /// Whether it is an address of this machine.
    let isLoopback: Bool
    /// Whether what is sent to it is encrypted or stays on this machine.
    let isPrivate: Bool
    /// The name and password that stood in the URL, for a proxy in front that asks for them.
    let credentials: Credentials?

    struct Credentials: Hashable, Sendable {
        let name: String
        let password: String
    }

    /// Parsed by libcurl, so that what is checked is what is connected to.
    init(_ text: String) throws(TransportError) {
        let advice = "\(text.prefix(200)) is no verifier's address; write it as http://HOST:PORT or https://HOST"
        guard let url = curl_url() else { throw .invalidAddress(advice) }
        defer { curl_url_cleanup(url) }
        guard curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK,
            let scheme = VerifierAddress.part(CURLUPART_SCHEME, of: url), scheme == "http" || scheme == "https",
            let host = VerifierAddress.part(CURLUPART_HOST, of: url), !host.isEmpty,
            VerifierAddress.part(CURLUPART_QUERY, of: url) == nil,
            VerifierAddress.part(CURLUPART_FRAGMENT, of: url) == nil
        else { throw .invalidAddress(advice) }
        credentials = VerifierAddress.part(CURLUPART_USER, of: url, decoded: true).map { name in
            Credentials(name: name, password: VerifierAddress.part(CURLUPART_PASSWORD, of: url, decoded: true) ?? "")
        }
        curl_url_set(url, CURLUPART_USER, nil, 0)
        curl_url_set(url, CURLUPART_PASSWORD, nil, 0)
        guard var base = VerifierAddress.part(CURLUPART_URL, of: url) else { throw .invalidAddress(advice) }
        while base.hasSuffix("/") { base.removeLast() }
        self.base = base
        // A name may begin like an address of this machine, so only digits count as one.
        let isNumeric = host.hasPrefix("127.") && host.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == 0x2E }
        isLoopback = host == "localhost" || host == "[::1]" || isNumeric
        isPrivate = scheme == "https" || isLoopback
    }

    var description: String { base }

    private static func part(_ part: CURLUPart, of url: OpaquePointer, decoded: Bool = false) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard curl_url_get(url, part, &text, decoded ? UInt32(CURLU_URLDECODE) : 0) == CURLUE_OK, let text else {
            return nil
        }
        defer { curl_free(text) }
        return String(cString: text)
    }
}
