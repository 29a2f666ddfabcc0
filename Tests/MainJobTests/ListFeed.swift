import Dispatch
import Speculation
import Synchronization
import VerifierRuntime

/// A feed of a list of jobs that keeps what becomes of them.
final class ListFeed: JobFeed {
    private struct State {
        var waiting: [VerificationJob]
        var runningCount = 0
        var events: [JobID: [VerificationEvent]] = [:]
        var reported: [JobID] = []
        var ends: [JobID: Result<VerificationOutcome, any Error>] = [:]
        var mostAtOnce = 0
    }

    private let state: Mutex<State>
    private let limit: Int
    private let count: Int
    private let stops: [JobID: Int]
    private let admission: ContinuousClock.Instant
    private let ended = DispatchSemaphore(value: 0)

    /// - Parameters:
    ///   - limit: jobs that may be under way at once.
    ///   - stops: jobs to be cancelled, and after how many events.
    ///   - admission: when all of them were taken in.
    init(
        _ jobs: [VerificationJob], limit: Int, stops: [JobID: Int] = [:], admission: ContinuousClock.Instant = .now
    ) {
        state = Mutex(State(waiting: jobs))
        count = jobs.count
        self.limit = limit
        self.stops = stops
        self.admission = admission
    }

    func next() -> VerificationJob? {
        state.withLock { state in
            guard state.runningCount < limit, !state.waiting.isEmpty else { return nil }
            state.runningCount += 1
            state.mostAtOnce = max(state.mostAtOnce, state.runningCount)
            return state.waiting.removeFirst()
        }
    }

    func admission(of job: JobID) -> ContinuousClock.Instant { admission }

    func report(_ event: VerificationEvent, of job: JobID) throws(VerifierError) {
        let isStopped = state.withLock { state in
            if let stop = stops[job], state.events[job, default: []].count >= stop { return true }
            state.events[job, default: []].append(event)
            state.reported.append(job)
            return false
        }
        if isStopped { throw VerifierError(.cancelled, "enough") }
    }

    func end(_ job: VerificationJob, with result: Result<VerificationOutcome, any Error>) {
        state.withLock { state in
            state.runningCount -= 1
            state.ends[job.id] = result
        }
        ended.signal()
    }

    /// Has all jobs executed. As with a host, the executor is called again where it returned while files were being
    /// written, which kept other jobs from beginning.
    func run(with executor: some JobExecuting) {
        for _ in 0..<count {
            executor.work(through: self)
            ended.wait()
        }
    }

    var mostAtOnce: Int { state.withLock { $0.mostAtOnce } }
    /// The job of every event, in order.
    var reported: [JobID] { state.withLock { $0.reported } }
    func events(of id: JobID) -> [VerificationEvent] { state.withLock { $0.events[id] ?? [] } }
    func end(of id: JobID) -> Result<VerificationOutcome, any Error>? { state.withLock { $0.ends[id] } }
}
