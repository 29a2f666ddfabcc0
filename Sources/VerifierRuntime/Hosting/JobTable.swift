import Speculation

/// The jobs that a host knows and what becomes of them: waiting → running → over.
///
/// A state machine without clock, thread or model; the host feeds it and does what it says.
struct JobTable: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// What admitting a job led to.
    enum Admission: Hashable, Sendable {
        /// The job is new, or new again, and waits.
        case waits
        /// The same job is here already, in whatever state.
        case known
    }

    /// What a wish to stop a job led to.
    enum Stop: Hashable, Sendable {
        /// It waited and is over now.
        case ended
        /// It runs; its next report throws the reason.
        case requested
        /// It was over before.
        case wasOver
    }

    private enum Status: Sendable {
        case waiting
        /// With the reason to stop, once there is one.
        case running(since: Instant, stop: VerifierError?)
        case over(JobEnd, at: Instant)
    }

    private struct Entry: Sendable {
        let job: VerificationJob
        let admission: Instant
        var status = Status.waiting
        /// The latest event of each kind, in order: what a client that comes later is told first.
        var events: [VerificationEvent] = []
        var keptBytes = 0
    }

    let limits: HostLimits
    private var entries: [JobID: Entry] = [:]
    /// First come, first served.
    private(set) var waiting: [JobID] = []
    /// Longest first.
    private(set) var running: [JobID] = []
    /// Oldest end first.
    private var over: [JobID] = []
    private var overBytes = 0
    /// Set once the host stops: why no job is taken any more.
    private var closed: VerifierError?
    /// How long jobs ran lately; weighs the latest by a fifth.
    private var typicalRun: Duration?

    init(limits: HostLimits) {
        self.limits = limits
    }

    var isClosed: Bool { closed != nil }

    /// Whether there is no room for a job more: neither to run nor to wait.
    var isFull: Bool {
        waiting.count >= limits.waitingJobs + max(0, limits.runningJobs - running.count)
    }

    /// After how long a refused client should ask again: about when a running job makes room.
    var suggestedDelay: Duration {
        min(max(typicalRun ?? .seconds(2), .seconds(1)), .seconds(60))
    }

    /// Until a job that comes now would begin; nil while no job has shown how long one takes.
    func expectedWait(now: Instant) -> Duration? {
        guard running.count >= limits.runningJobs, let longest = running.first,
            case .running(let since, _)? = entries[longest]?.status
        else { return .zero }
        return typicalRun.map { max(.zero, $0 - (now - since)) + $0 * waiting.count / limits.runningJobs }
    }

    /// Takes a job in, or recognises it.
    /// - Throws: `shuttingDown`, `conflictingJob`, or `overloaded` when the queue is full or the same job has not
    ///   stopped yet after it was cancelled.
    mutating func admit(_ job: VerificationJob, now: Instant) throws(VerifierError) -> Admission {
        forgetOld(now: now)
        if let known = entries[job.id] {
            guard known.job == job else {
                throw VerifierError(
                    .conflictingJob, "another job has the id \(job.id) already; choose a new id")
            }
            switch known.status {
            case .waiting, .running(_, nil): return .known
            case .running(_, _?):
                throw closed
                    ?? VerifierError(
                        .overloaded, "job \(job.id) was cancelled and is still stopping; send it again in a moment")
            case .over(let end, _):
                guard end.mayGoBetterNextTime else { return .known }
            }
        }
        if let closed { throw closed }
        guard !isFull else {
            throw VerifierError(
                .overloaded,
                "\(running.count + waiting.count) jobs run or wait already, which is all that fit; try again later")
        }
        forget(job.id)
        entries[job.id] = Entry(job: job, admission: now)
        waiting.append(job.id)
        return .waits
    }

    /// Whether a job waits that may begin.
    var mayStart: Bool { running.count < limits.runningJobs && !waiting.isEmpty }

    /// The job to run now; nil while as many run as may, and where none waits.
    mutating func startNext(now: Instant) -> VerificationJob? {
        guard mayStart else { return nil }
        let id = waiting.removeFirst()
        running.append(id)
        entries[id]?.status = .running(since: now, stop: nil)
        return entries[id]?.job
    }

    /// When a job was taken in; nil for one that is not known.
    func admission(of id: JobID) -> Instant? { entries[id]?.admission }

    /// Notes what a running job reports.
    /// - Throws: the reason to stop, if there is one.
    mutating func record(_ event: VerificationEvent, of id: JobID) throws(VerifierError) {
        guard var entry = entries[id], case .running(_, let stop) = entry.status else { return }
        if let stop { throw stop }
        entry.events.removeAll { $0.kind == event.kind }
        entry.events.append(event)
        entries[id] = entry
    }

    /// Ends a running job.
    /// - Returns: how it ended: a job that failed after it was asked to stop ended for that reason, while a result
    ///   that came nevertheless is kept.
    mutating func end(_ id: JobID, with result: JobEnd, now: Instant) -> JobEnd {
        guard running.contains(id), case .running(let since, let stop)? = entries[id]?.status else { return result }
        running.removeAll { $0 == id }
        var end = result
        if let stop, case .failure = result { end = .failure(stop) }
        if case .success = result {
            let run = now - since
            typicalRun = typicalRun.map { $0 * 4 / 5 + run / 5 } ?? run
        }
        settle(id, end, now: now)
        return end
    }

    /// Stops a job.
    /// - Throws: `unknownJob`.
    mutating func stop(_ id: JobID, reason: VerifierError, now: Instant) throws(VerifierError) -> Stop {
        guard let entry = entries[id] else { throw JobTable.unknown(id) }
        switch entry.status {
        case .waiting:
            waiting.removeAll { $0 == id }
            settle(id, .failure(reason), now: now)
            return .ended
        case .running(let since, let stop):
            entries[id]?.status = .running(since: since, stop: stop ?? reason)
            return .requested
        case .over: return .wasOver
        }
    }

    /// Takes no job any more and ends those that wait.
    /// - Returns: the jobs that ended.
    mutating func close(reason: VerifierError, now: Instant) -> [JobID] {
        guard closed == nil else { return [] }
        closed = reason
        let ended = waiting
        waiting = []
        for id in ended { settle(id, .failure(reason), now: now) }
        return ended
    }

    /// Jobs before this one; nil when it does not wait.
    func position(of id: JobID) -> Int? {
        waiting.firstIndex(of: id).map { $0 + running.count }
    }

    /// All that a client who begins to watch must be told first.
    /// - Throws: `unknownJob`.
    func updates(of id: JobID) throws(VerifierError) -> [JobUpdate] {
        guard let entry = entries[id] else { throw JobTable.unknown(id) }
        let events = entry.events.map(JobUpdate.event)
        switch entry.status {
        case .waiting: return [.event(.queued(position: position(of: id) ?? 0))]
        case .running: return events
        case .over(let end, _): return events + [.ended(end)]
        }
    }

    /// Forgets jobs that were over too long ago, and the oldest while there are too many.
    mutating func forgetOld(now: Instant) {
        while let oldest = over.first, case .over(_, let end)? = entries[oldest]?.status,
            now - end > limits.keptFor || over.count > limits.keptJobs || overBytes > limits.keptBytes
        {
            forget(oldest)
        }
    }

    private mutating func settle(_ id: JobID, _ end: JobEnd, now: Instant) {
        guard var entry = entries[id] else { return }
        entry.status = .over(end, at: now)
        entry.keptBytes = entry.job.codedBytes + entry.job.prompt.utf8.count
        if case .success(let outcome) = end {
            entry.keptBytes += outcome.payload.count + (outcome.verdict?.byteCount ?? 0)
        }
        entries[id] = entry
        over.append(id)
        overBytes += entry.keptBytes
        forgetOld(now: now)
    }

    private mutating func forget(_ id: JobID) {
        guard let entry = entries.removeValue(forKey: id) else { return }
        over.removeAll { $0 == id }
        overBytes -= entry.keptBytes
    }

    private static func unknown(_ id: JobID) -> VerifierError {
        VerifierError(
            .unknownJob, "there is no job \(id) here, or its result was forgotten; send the whole job again")
    }
}

extension JobEnd {
    /// Whether running the same job again may end otherwise.
    fileprivate var mayGoBetterNextTime: Bool {
        guard case .failure(let error) = self else { return false }
        return error.isRetryable || error.code == .cancelled
    }
}

extension VerificationEvent {
    /// The event's case without its values.
    fileprivate var kind: Int {
        switch self {
        case .queued: 0
        case .checked: 1
        case .refined: 2
        case .decoding: 3
        case .speculated: 4
        }
    }
}
