public import Speculation

/// Why no verifier finished a job. Every case but `refused` leaves the job as good as new: it can be resumed.
public enum TransportError: Error, Hashable, Sendable {
    /// The address is no http or https URL.
    case invalidAddress(String)
    /// Nobody answers at the address, or not as who they should be.
    case serverUnreachable(String)
    /// The verifier was there and then silent for too long.
    case timedOut(String)
    /// The connection broke and could not be taken up again.
    case connectionLost(String)
    /// The verifier answered that it does not do this job; its error says why and whether later.
    case refused(VerifierError)
    /// What answered is no verifier, or one of another protocol.
    case protocolViolation(String)

    /// What went wrong and what to do about it.
    public var message: String {
        switch self {
        case .invalidAddress(let message), .serverUnreachable(let message), .timedOut(let message),
            .connectionLost(let message), .protocolViolation(let message):
            message
        case .refused(let error): error.message
        }
    }

    /// Whether the verifier is not to be had now, for this job or another. One that fails at a job may do the next one.
    public var concernsEveryJob: Bool {
        switch self {
        case .serverUnreachable, .timedOut, .connectionLost: true
        case .refused(let error): error.code == .overloaded || error.code == .shuttingDown
        case .invalidAddress, .protocolViolation: false
        }
    }
}

extension TransportError: CustomStringConvertible {
    public var description: String { message }
}
