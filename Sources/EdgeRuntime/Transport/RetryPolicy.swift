/// How often and after what time a job is sent again, always under the same id.
public struct RetryPolicy: Hashable, Sendable {
    /// Sendings in all.
    public var attempts: Int
    /// The pause after the first failure; each further one is twice as long.
    public var firstPause: Duration
    public var longestPause: Duration
    /// The longest time that a verifier may ask to wait; beyond it the refusal is the answer.
    public var longestRequestedPause: Duration

    public init(
        attempts: Int = 5, firstPause: Duration = .milliseconds(500), longestPause: Duration = .seconds(8),
        longestRequestedPause: Duration = .seconds(60)
    ) {
        self.attempts = attempts
        self.firstPause = firstPause
        self.longestPause = longestPause
        self.longestRequestedPause = longestRequestedPause
    }

    /// The pause before the next sending, or nil when there shall be none.
    ///
    /// - Parameters:
    ///   - failures: how many sendings failed so far, at least 1.
    ///   - requested: what the verifier asked for (`Retry-After`), which is a lower bound.
    func pause(afterFailures failures: Int, requested: Duration?) -> Duration? {
        guard failures < attempts else { return nil }
        if let requested, requested > longestRequestedPause { return nil }
        let doubled = firstPause * (1 << min(failures - 1, 20))
        return max(min(doubled, longestPause), requested ?? .zero)
    }
}
