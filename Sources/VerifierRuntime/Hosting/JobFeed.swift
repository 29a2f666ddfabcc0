public import Speculation

/// Where an executor gets jobs from, and tells what becomes of them.
///
/// Every job that `next` gave must be ended, from any thread; the others are the work of the thread that executes.
public protocol JobFeed: Sendable {
    /// The next job; nil where none waits and while as many are under way as may be.
    func next() -> VerificationJob?

    /// When a job that `next` gave was taken in. Jobs come in this order.
    func admission(of job: JobID) -> ContinuousClock.Instant

    /// Tells those who watch a job.
    ///
    /// - Throws: when the job shall stop; end it with that error.
    func report(_ event: VerificationEvent, of job: JobID) throws(VerifierError)

    /// Ends a job. An error that is no `VerifierError` is told to the client as `internalFailure`, without its text.
    func end(_ job: VerificationJob, with result: Result<VerificationOutcome, any Error>)
}
