public import Speculation

/// How a job ended.
public typealias JobEnd = Result<VerificationOutcome, VerifierError>

/// What a client that watches a job sees of it.
public enum JobUpdate: Hashable, Sendable {
    case event(VerificationEvent)
    /// The last update.
    case ended(JobEnd)
}
