/// A secret that a client shows to be let in, as an HTTP bearer token (RFC 6750).
public struct AccessToken: Hashable, Sendable {
    /// Printable ASCII without spaces, long enough not to be guessed.
    public static let lengths = 16...512

    private let text: String

    /// Nil for a text that no token may have.
    public init?(_ text: some StringProtocol) {
        guard AccessToken.lengths.contains(text.utf8.count), text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { return nil }
        self.text = String(text)
    }

    /// The tokens of a file: one a line; blank lines and those that begin with `#` are skipped.
    ///
    /// - Throws: `AccessTokenError` for a file without a token, and for a line that is none. It does not repeat it.
    public static func list(_ file: String) throws(AccessTokenError) -> [AccessToken] {
        var tokens: [AccessToken] = []
        let lines = file.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (number, line) in lines.enumerated() {
            let line = line.drop(while: \.isWhitespace)
            let end = line.lastIndex { !$0.isWhitespace }
            guard let end, line.first != "#" else { continue }
            guard let token = AccessToken(line[...end]) else { throw .noToken(line: number + 1) }
            tokens.append(token)
        }
        guard !tokens.isEmpty else { throw .empty }
        return tokens
    }

    /// The value of the header `Authorization`.
    public var header: String { AccessToken.scheme + text }

    /// Whether this is the value of a header `Authorization` with this token; takes as long whatever differs.
    public func matches(header: String) -> Bool {
        let (own, shown) = (Array(self.header.utf8), Array(header.utf8))
        guard own.count == shown.count else { return false }
        return zip(own, shown).reduce(into: UInt8(0)) { $0 |= $1.0 ^ $1.1 } == 0
    }

    private static let scheme = "Bearer "
}

/// Secrets are not printed.
extension AccessToken: CustomStringConvertible, CustomReflectable {
    public var description: String { "(token)" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
