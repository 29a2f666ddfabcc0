public import Speculation
import Synchronization

/// A verifier in this process: the embedded default.
///
/// Takes closures instead of a runtime, so that the edge does not depend on what runs the models.
public final class InProcessVerifierTransport: VerifierTransport {
    /// Finishes a job, synchronously; `report` throws when the job shall stop.
    public typealias Execution =
        @Sendable (
            _ job: VerificationJob, _ report: (VerificationEvent) throws -> Void
        ) throws -> VerificationOutcome

    private let models: [VerifierModel]
    private let execute: Execution
    /// The models do one job at a time; further ones wait here, each on its own thread.
    private let turn = Mutex(())

    public init(models: [VerifierModel], execute: @escaping Execution) {
        self.models = models
        self.execute = execute
    }

    public func verify(
        _ job: VerificationJob, report: @escaping @Sendable (VerificationEvent) -> Void
    ) async throws -> VerificationOutcome {
        do {
            try job.validate()
            return try await onOwnThread(named: "embedded verifier") { cancellation in
                try self.turn.withLock { _ in
                    try cancellation.check()
                    return try self.execute(job) { event in
                        try cancellation.check()
                        report(event)
                    }
                }
            }
        } catch let error as VerifierError {
            if error.code == .cancelled, Task.isCancelled { throw CancellationError() }
            throw TransportError.refused(error)
        }
    }

    public func availability() async throws -> VerifierDescription {
        VerifierDescription(models: models, isReady: true, waitingJobCount: 0)
    }
}
