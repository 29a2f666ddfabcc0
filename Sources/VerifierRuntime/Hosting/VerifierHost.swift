import Dispatch
public import Speculation
import Synchronization

/// Runs verification jobs on one thread, in the order in which they came: as many at once as its limits say, step by step
/// together where the executor can.
///
/// Jobs wait in a bounded queue; any number of clients may watch a job; what is over is remembered for a while, so
/// that sending a job twice is harmless. Nothing here knows of a network.
public final class VerifierHost: Sendable {
    /// Whether the host takes jobs.
    public enum Condition: Hashable, Sendable {
        /// The models are being loaded.
        case loading
        case ready
        /// No job fits in until another one ends.
        case full
        /// The models could not be loaded.
        case broken(VerifierError)
        /// The host takes no jobs any more.
        case stopping
    }

    fileprivate struct State {
        var table: JobTable
        var verifier: LoadedVerifier?
        /// As thrown, for the log and the process; clients get it as `VerifierError`.
        var loadFailure: (any Error)?
        var watchers = JobWatchers()
        var tally = HostTally()
        /// Whether the compute thread has been told to look for jobs.
        var isWorking = false
        /// By a number of their own, so that one can be taken out.
        var waitingForLoad: [Int: CheckedContinuation<Void, any Error>] = [:]
        var nextWaiter = 0
        var waitingForIdle: [Int: CheckedContinuation<Void, Never>] = [:]
    }

    private let state: Mutex<State>
    private let thread: ComputeThread
    private let onFailure: @Sendable (JobID, any Error) -> Void

    /// - Parameters:
    ///   - onFailure: is given errors that clients must not see, for the log.
    ///   - load: makes the models, on the compute thread; until it returns, jobs are refused as `overloaded`.
    public init(
        limits: HostLimits = HostLimits(), onFailure: @escaping @Sendable (JobID, any Error) -> Void = { _, _ in },
        load: @escaping @Sendable () throws -> LoadedVerifier
    ) {
        self.state = Mutex(State(table: JobTable(limits: limits)))
        self.thread = ComputeThread(name: "verifier")
        self.onFailure = onFailure
        thread.perform { self.finishLoading(Result { try load() }) }
    }

    public var condition: Condition {
        state.withLock { state in
            if state.table.isClosed { return .stopping }
            if let failure = state.refusalForLoadFailure { return .broken(failure) }
            if state.verifier == nil { return .loading }
            return state.table.isFull ? .full : .ready
        }
    }

    public var description: VerifierDescription {
        let isReady = condition == .ready
        return state.withLock {
            VerifierDescription(
                models: $0.verifier?.models ?? [], isReady: isReady, waitingJobCount: $0.table.waiting.count,
                expectedWaitSeconds: $0.table.expectedWait(now: .now)?.inSeconds)
        }
    }

    /// Jobs that are under way.
    public var runningJobCount: Int { state.withLock { $0.table.running.count } }

    /// What has been done so far.
    public var tally: HostTally { state.withLock { $0.tally } }

    /// Counts a request that was refused, by whoever stands between the clients and this host.
    public func count(_ refusal: VerifierError) {
        state.withLock { $0.tally.add(refusal) }
    }

    /// After how long a client that was refused as `overloaded` or `shuttingDown` should ask again.
    public var suggestedDelay: Duration { state.withLock { $0.table.suggestedDelay } }

    /// Returns when the models are loaded.
    /// - Throws: what loading threw, or `CancellationError` when the task is cancelled; loading itself goes on.
    public func waitUntilLoaded() async throws {
        let waiter = state.withLock { state in
            defer { state.nextWaiter += 1 }
            return state.nextWaiter
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                // Nobody is resumed under the lock, which the handler below takes and may have to wait for.
                let answer: Result<Void, any Error>? = state.withLock { state in
                    if state.verifier != nil { return .success(()) }
                    if let failure = state.loadFailure { return .failure(failure) }
                    // The handler has run already and found nobody.
                    if Task.isCancelled { return .failure(CancellationError()) }
                    state.waitingForLoad[waiter] = continuation
                    return nil
                }
                if let answer { continuation.resume(with: answer) }
            }
        } onCancel: {
            state.withLock { $0.waitingForLoad.removeValue(forKey: waiter) }?.resume(throwing: CancellationError())
        }
    }

    /// Takes a job and lets the caller watch it; a job that is known already is only watched.
    ///
    /// The stream begins with what has happened so far and ends with `.ended`. A reader that is slow misses
    /// progress but never the end. Dropping the stream does not stop the job.
    /// - Throws: a refusal: `invalidJob`, `overloaded`, `shuttingDown`, `conflictingJob`, or what the models'
    ///   `check` says.
    public func submit(_ job: VerificationJob) throws(VerifierError) -> AsyncStream<JobUpdate> {
        try job.validate()
        let verifier = try readyVerifier()
        try verifier.executor.check(job)
        let updates = try locked { state throws(VerifierError) in
            let admission = try state.table.admit(job, now: .now)
            let updates = try self.watch(job.id, in: &state)
            if admission == .waits, !state.isWorking {
                state.isWorking = true
                self.thread.perform { self.work(with: verifier.executor) }
            }
            return updates
        }
        return updates
    }

    /// Watches a job as `submit` does.
    /// - Throws: `unknownJob`.
    public func attach(to id: JobID) throws(VerifierError) -> AsyncStream<JobUpdate> {
        try locked { state throws(VerifierError) in
            state.table.forgetOld(now: .now)
            return try self.watch(id, in: &state)
        }
    }

    /// Cancels a job: at once when it waits, after the current step when it runs; does nothing when it is over.
    /// - Throws: `unknownJob`.
    public func cancel(_ id: JobID) throws(VerifierError) {
        try locked { state throws(VerifierError) in
            let reason = VerifierError(.cancelled, "job \(id) was cancelled")
            if try state.table.stop(id, reason: reason, now: .now) == .ended {
                state.watchers.end(id, .failure(reason))
                state.tally.add(reason)
                state.tellPositions()
            }
        }
    }

    /// Stops for good: refuses new jobs, ends those that wait, and returns when the running ones are over; or when the task is
    /// cancelled, or a step does not come to its end: a driver that hangs gives no thread back.
    ///
    /// - Parameters:
    ///   - grace: how long the running jobs may go on; then they are stopped after their current step.
    ///   - step: how long that one may take.
    public func drain(grace: Duration, step: Duration = .seconds(10)) async {
        let reason = VerifierError(.shuttingDown, "the verifier is stopping; send the job again later or elsewhere")
        state.withLock { state in
            for id in state.table.close(reason: reason, now: .now) {
                state.watchers.end(id, .failure(reason))
                state.tally.add(reason)
            }
        }
        await withDiscardingTaskGroup { group in
            group.addTask {
                // When idle comes first the sleep is cancelled; stopping nothing is harmless.
                try? await Task.sleep(for: grace)
                self.state.withLock { state in
                    for id in state.table.running { _ = try? state.table.stop(id, reason: reason, now: .now) }
                }
                try? await Task.sleep(for: step)
                self.wake(self.state.withLock { $0.takeWaitingForIdle() })
            }
            await waitUntilIdle()
            group.cancelAll()
        }
    }
}

extension VerifierHost {
    private func waitUntilIdle() async {
        let waiter = state.withLock { state in
            defer { state.nextWaiter += 1 }
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                let isOver = state.withLock { state in
                    if state.isIdle || Task.isCancelled { return true }
                    state.waitingForIdle[waiter] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waitingForIdle.removeValue(forKey: waiter) }?.resume()
        }
    }

    /// Never under the lock, which a handler of the same task's cancellation may wait for.
    private func wake(_ continuations: [CheckedContinuation<Void, Never>]) {
        for continuation in continuations { continuation.resume() }
    }

    private func finishLoading(_ result: Result<LoadedVerifier, any Error>) {
        let waiting = state.withLock { state in
            switch result {
            case .success(let verifier): state.verifier = verifier
            case .failure(let error): state.loadFailure = error
            }
            defer { state.waitingForLoad = [:] }
            return Array(state.waitingForLoad.values)
        }
        for continuation in waiting { continuation.resume(with: result.map { _ in () }) }
    }

    private func readyVerifier() throws(VerifierError) -> LoadedVerifier {
        try locked { state throws(VerifierError) in
            if let failure = state.refusalForLoadFailure { throw failure }
            guard let verifier = state.verifier else {
                throw VerifierError(.overloaded, "the models are still being loaded; try again in a moment")
            }
            return verifier
        }
    }

    private func watch(_ id: JobID, in state: inout State) throws(VerifierError) -> AsyncStream<JobUpdate> {
        let soFar = try state.table.updates(of: id)
        return state.watchers.add(to: id, soFar: soFar) { [weak self] watcher in
            // Elsewhere and later: the client's task is locked while it is cancelled, and whoever ends the job holds this host's
            // lock and waits for the task's to wake it.
            DispatchQueue.global().async { [self] in self?.state.withLock { $0.watchers.remove(watcher, from: id) } }
        }
    }

    /// On the compute thread: runs jobs until none waits.
    private func work(with executor: any JobExecuting) {
        repeat { executor.work(through: Feed(host: self)) } while !mayRest()
    }

    /// Whether there is nothing to begin; the next job that comes, or that finds room, calls the thread again.
    private func mayRest() -> Bool {
        let (rests, waiting) = state.withLock { state -> (Bool, [CheckedContinuation<Void, Never>]) in
            guard !state.table.mayStart else { return (false, []) }
            state.isWorking = false
            return (true, state.isIdle ? state.takeWaitingForIdle() : [])
        }
        wake(waiting)
        return rests
    }

    private func nextJob() -> VerificationJob? {
        state.withLock { state in
            guard let job = state.table.startNext(now: .now) else { return nil }
            state.tellPositions()
            return job
        }
    }

    private func end(_ job: VerificationJob, with result: Result<VerificationOutcome, any Error>) {
        let result = told(result, of: job.id)
        let waiting = state.withLock { state in
            if case .success(let outcome) = result { state.verifier?.learnPace(of: job, outcome.telemetry) }
            let end = state.table.end(job.id, with: result, now: .now)
            state.watchers.end(job.id, end)
            state.tally.add(end, of: job)
            if !state.isWorking, state.table.mayStart, let executor = state.verifier?.executor {
                state.isWorking = true
                thread.perform { self.work(with: executor) }
            }
            return state.isIdle ? state.takeWaitingForIdle() : []
        }
        wake(waiting)
    }

    /// A result as clients may see it.
    private func told(_ result: Result<VerificationOutcome, any Error>, of id: JobID) -> JobEnd {
        switch result {
        case .success(let outcome): return .success(outcome)
        case .failure(let error as VerifierError): return .failure(error)
        case .failure(let error):
            onFailure(id, error)
            return .failure(
                VerifierError(.internalFailure, "the verifier failed on job \(id); its log says more"))
        }
    }

    /// The host as its executor sees it.
    private struct Feed: JobFeed {
        let host: VerifierHost

        func next() -> VerificationJob? { host.nextJob() }

        func admission(of job: JobID) -> ContinuousClock.Instant {
            host.state.withLock { $0.table.admission(of: job) } ?? .now
        }

        func report(_ event: VerificationEvent, of job: JobID) throws(VerifierError) {
            try host.locked { state throws(VerifierError) in
                try state.table.record(event, of: job)
                state.watchers.tell(job, event)
            }
        }

        func end(_ job: VerificationJob, with result: Result<VerificationOutcome, any Error>) {
            host.end(job, with: result)
        }
    }

    /// `Mutex.withLock` with the one error type that this host throws.
    private func locked<Value: Sendable>(
        _ body: (inout State) throws(VerifierError) -> Value
    ) throws(VerifierError) -> Value {
        let result: Result<Value, VerifierError> = state.withLock { state in
            do throws(VerifierError) {
                return .success(try body(&state))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}

extension LoadedVerifier {
    /// Mixes what a job took into its model's pace, if it is one that the pace speaks of: the first shape, guided.
    mutating func learnPace(of job: VerificationJob, _ telemetry: VerificationTelemetry) {
        guard let index = models.firstIndex(where: { $0.identity == job.verifier }), job.guidanceScale != 1,
            models[index].latentShapes.first == job.latentShape, let latest = VerifierPace(telemetry)
        else { return }
        models[index].pace = models[index].pace?.blended(with: latest) ?? latest
    }
}

extension VerifierHost.State {
    /// What clients are told when the models could not be loaded.
    fileprivate var refusalForLoadFailure: VerifierError? {
        loadFailure.map {
            $0 as? VerifierError
                ?? VerifierError(.internalFailure, "the models could not be loaded; the verifier's log says why")
        }
    }

    /// Whether nothing is under way, and nobody is about to look.
    fileprivate var isIdle: Bool { !isWorking && table.running.isEmpty }

    /// Whoever waits for the end of all that runs, no longer waiting here.
    fileprivate mutating func takeWaitingForIdle() -> [CheckedContinuation<Void, Never>] {
        defer { waitingForIdle = [:] }
        return Array(waitingForIdle.values)
    }

    /// Tells every waiting job how many are before it.
    fileprivate mutating func tellPositions() {
        for id in table.waiting {
            watchers.tell(id, .queued(position: table.position(of: id) ?? 0))
        }
    }
}
