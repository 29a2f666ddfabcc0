import Speculation

/// The clients that watch jobs. Guarded by the host's lock, like the table whose changes it spreads.
struct JobWatchers {
    /// Progress that a slow reader may lag behind; beyond it the oldest is dropped, never the end.
    private static let bufferedUpdates = 64

    private var continuations: [JobID: [Int: AsyncStream<JobUpdate>.Continuation]] = [:]
    private var nextWatcher = 0

    /// - Parameter onLeaving: is called with the watcher's number when the client goes before the job is over, while the
    ///   client's task is locked: it must not wait for a lock under which this type is called.
    mutating func add(
        to id: JobID, soFar: [JobUpdate], onLeaving: @escaping @Sendable (Int) -> Void
    ) -> AsyncStream<JobUpdate> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: JobUpdate.self, bufferingPolicy: .bufferingNewest(JobWatchers.bufferedUpdates))
        for update in soFar { continuation.yield(update) }
        if case .ended? = soFar.last {
            continuation.finish()
            return stream
        }
        let watcher = nextWatcher
        nextWatcher += 1
        continuation.onTermination = { termination in
            // `finished` comes from `end`, inside the host's lock.
            if case .cancelled = termination { onLeaving(watcher) }
        }
        continuations[id, default: [:]][watcher] = continuation
        return stream
    }

    mutating func remove(_ watcher: Int, from id: JobID) {
        continuations[id]?[watcher] = nil
        if continuations[id]?.isEmpty == true { continuations[id] = nil }
    }

    func tell(_ id: JobID, _ event: VerificationEvent) {
        for continuation in continuations[id, default: [:]].values { continuation.yield(.event(event)) }
    }

    mutating func end(_ id: JobID, _ end: JobEnd) {
        for continuation in continuations.removeValue(forKey: id)?.values ?? [:].values {
            continuation.yield(.ended(end))
            continuation.finish()
        }
    }
}
