public import Speculation

/// A way to a verifier, wherever it is.
public protocol VerifierTransport: Sendable {
    /// Has the job finished.
    ///
    /// Cancelling the task cancels the job there too, as far as word gets through.
    /// - Parameter report: is given what happens, in order and on any thread. After a broken connection the verifier
    ///   may tell again what it told before.
    /// - Throws: `TransportError`, or `CancellationError` when the task was cancelled.
    func verify(
        _ job: VerificationJob, report: @escaping @Sendable (VerificationEvent) -> Void
    ) async throws -> VerificationOutcome

    /// What the verifier says of itself; also the question whether it is there.
    /// - Throws: `TransportError`, or `CancellationError` when the task was cancelled.
    func availability() async throws -> VerifierDescription

    /// Whether the next job goes over a connection that is open already.
    var isConnected: Bool { get }
}

extension VerifierTransport {
    public var isConnected: Bool { false }
}
