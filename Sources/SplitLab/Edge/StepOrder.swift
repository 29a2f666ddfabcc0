/// Which model takes the first, noisy steps.
public enum StepOrder: String, Hashable, Sendable, Codable, CaseIterable {
    /// The draft begins and the verifier ends: Underpaint's order.
    case smallFirst = "small-first"
    /// The verifier begins and the draft ends, as in published edge–cloud work; the control.
    case largeFirst = "large-first"
}

/// A machine that drafts: this one with a part of its processor time.
public struct EdgeProfile: Hashable, Sendable, Codable {
    /// Processor seconds that the edge may use in a second; nil is all that there is.
    public var share: Double?
    /// Threads that compute.
    public var threads: Int

    public init(share: Double?, threads: Int) {
        self.share = share
        self.threads = threads
    }

    /// For example `0.25 of a core`.
    public var name: String {
        share.map { "\($0.short) of a core" } ?? "\(threads) unthrottled \(threads == 1 ? "thread" : "threads")"
    }
}
