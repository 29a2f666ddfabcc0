/// Why a file gives no tokens.
public enum AccessTokenError: Error, Hashable, Sendable, CustomStringConvertible {
    case empty
    case noToken(line: Int)

    public var description: String {
        let (lengths, advice) = (AccessToken.lengths, "make one with: openssl rand -hex 32")
        return switch self {
        case .empty: "there is no token in it; \(advice)"
        case .noToken(let line):
            "line \(line) is no token of \(lengths.lowerBound) to \(lengths.upperBound) printable characters; \(advice)"
        }
    }
}
