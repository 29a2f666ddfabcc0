public import Speculation

/// The range of protocol versions that one side speaks.
public struct ProtocolVersions: Hashable, Sendable {
    public let oldest: Int
    public let newest: Int

    public init(oldest: Int, newest: Int) {
        self.oldest = oldest
        self.newest = newest
    }

    /// What this build speaks.
    public static let current = ProtocolVersions(oldest: 1, newest: 2)

    /// The oldest version that has all that a job says: 2 for a verifier with steps of its own.
    ///
    /// Requests are of no newer one than they need, so that older verifiers take all that they understand.
    public static func needed(by job: VerificationJob) -> Int { job.verifierStepCount == job.stepCount ? 1 : 2 }

    /// The newest version that both sides speak, or nil if there is none.
    public func agreed(with other: ProtocolVersions) -> Int? {
        let newestCommon = min(newest, other.newest)
        let oldestCommon = max(oldest, other.oldest)
        // An empty or zero range, as from a message without these fields, agrees with nothing.
        return newestCommon >= oldestCommon && oldestCommon >= 1 ? newestCommon : nil
    }
}

extension ProtocolVersions: CustomStringConvertible {
    public var description: String { oldest == newest ? "\(newest)" : "\(oldest)…\(newest)" }
}
