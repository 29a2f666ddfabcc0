/// Why a verifier did not finish a job; the same type at both ends of the wire.
public struct VerifierError: Error, Hashable, Sendable {
    public enum Code: String, Hashable, Sendable, Codable, CaseIterable {
        /// The job breaks a rule of the protocol or a limit; sending it again unchanged cannot succeed.
        case invalidJob
        /// The latent frame is damaged, not finite or of another shape.
        case invalidLatent
        /// Client and verifier share no protocol version.
        case unsupportedVersion
        /// The verifier has no model of that id.
        case unknownModel
        /// The model's content differs from the client's, or draft and verifier are no pair.
        case incompatibleModel
        /// The queue is full; the same job may be sent again later.
        case overloaded
        /// The verifier is stopping; another one, or the same one later, may take the job.
        case shuttingDown
        /// The job was cancelled.
        case cancelled
        /// Another job already has this id.
        case conflictingJob
        /// No job has this id, or its result was thrown away.
        case unknownJob
        /// The verifier failed; its log says more.
        case internalFailure
        /// The client shows no token, or one that the verifier does not know.
        case unauthorized
    }

    public var code: Code
    /// What went wrong and what to do about it.
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// Whether the same job may succeed when it is sent again.
    public var isRetryable: Bool {
        switch code {
        case .overloaded, .shuttingDown, .internalFailure: true
        case .invalidJob, .invalidLatent, .unsupportedVersion, .unknownModel, .incompatibleModel, .cancelled,
            .conflictingJob, .unknownJob, .unauthorized:
            false
        }
    }
}

extension VerifierError: CustomStringConvertible {
    public var description: String { message }
}
