public import Speculation

/// One message of a verifier's reply stream.
///
/// A job's stream is `accepted`, then any number of `alive` and `event`, then one `outcome` or `problem`.
/// A refusal is a stream of one `problem`.
public enum ReplyMessage: Hashable, Sendable {
    /// The verifier has the job and speaks this version from here on.
    case accepted(version: Int, job: JobID)
    /// Nothing new; the verifier lives. Sent so that silence means a fault.
    case alive
    case event(VerificationEvent)
    case outcome(VerificationOutcome)
    case problem(VerifierError)

    /// Whether nothing comes after it.
    public var isLast: Bool {
        switch self {
        case .outcome, .problem: true
        case .accepted, .alive, .event: false
        }
    }
}
