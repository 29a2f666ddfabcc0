public import Speculation

/// Something that can finish a picture: the models behind a verifier.
///
/// Synchronous on purpose: a host calls `work` on its compute thread and nowhere else.
public protocol JobExecuting: Sendable {
    /// Refuses a job that these models cannot do, before it takes a place in the queue.
    ///
    /// Called from any thread, also while jobs are executed: it may look at the job and at what the models are, but
    /// must not compute.
    /// - Throws: `VerifierError`, for example `unknownModel`, `incompatibleModel` or `invalidJob`.
    func check(_ job: VerificationJob) throws(VerifierError)

    /// Finishes the job.
    ///
    /// - Parameter report: to be called after every stage and step. It throws when the job shall stop; let that
    ///   error out.
    /// - Throws: `VerifierError`. Any other error is told to the client as `internalFailure`, without its text.
    func execute(
        _ job: VerificationJob, report: (VerificationEvent) throws -> Void
    ) throws -> VerificationOutcome

    /// Executes jobs until the feed has none, as many of them at once as it gives.
    func work(through feed: some JobFeed)
}

extension JobExecuting {
    /// One job after another.
    public func work(through feed: some JobFeed) {
        while let job = feed.next() {
            feed.end(job, with: Result { try execute(job) { try feed.report($0, of: job.id) } })
        }
    }

    /// Takes every job; what is wrong with it comes out when it runs.
    public func check(_ job: VerificationJob) throws(VerifierError) {}
}

/// Models that are in memory and ready to work.
public struct LoadedVerifier: Sendable {
    public var executor: any JobExecuting
    public var models: [VerifierModel]

    public init(executor: any JobExecuting, models: [VerifierModel]) {
        self.executor = executor
        self.models = models
    }
}
