import Dispatch
import Foundation
import Speculation
import Synchronization
import VerificationTestSupport

@testable import VerifierRuntime

/// Runs `FakeVerification`, but only as far as a test lets it.
final class GatedExecutor: JobExecuting {
    struct Breakdown: Error {}

    /// Signalled once for every job that may run.
    let gate = DispatchSemaphore(value: 0)
    /// Jobs in the order in which they ran, and the threads they ran on.
    let ran = Mutex<[(job: JobID, thread: ObjectIdentifier)]>([])
    private let breaksDown: Bool

    init(breaksDown: Bool = false) {
        self.breaksDown = breaksDown
    }

    func check(_ job: VerificationJob) throws(VerifierError) {
        guard job.verifier == SampleJob.verifier else {
            throw VerifierError(.unknownModel, "no such model here")
        }
    }

    func execute(
        _ job: VerificationJob, report: (VerificationEvent) throws -> Void
    ) throws -> VerificationOutcome {
        ran.withLock { $0.append((job.id, ObjectIdentifier(Thread.current))) }
        // The first report tells watchers that the job has begun; the gate comes after it.
        try report(.refined(done: 0, total: job.stepCount - job.handoffStep))
        gate.wait()
        if breaksDown { throw Breakdown() }
        return try FakeVerification.run(job, report: report)
    }
}

/// Works until it is told to stop.
struct EndlessExecutor: JobExecuting {
    func execute(
        _ job: VerificationJob, report: (VerificationEvent) throws -> Void
    ) throws -> VerificationOutcome {
        while true {
            try report(.refined(done: 0, total: 1))
            Thread.sleep(forTimeInterval: 0.001)
        }
    }
}

/// Takes all the jobs that it is given and ends each from another thread when a test says so.
final class HoldingExecutor: JobExecuting {
    private struct Held {
        let end: @Sendable () -> Void
        let endWhenStopped: @Sendable () -> Void
    }

    private let held = Mutex<[JobID: Held]>([:])
    private let begun = Mutex<[JobID]>([])
    private let arrived = DispatchSemaphore(value: 0)

    func execute(
        _ job: VerificationJob, report: (VerificationEvent) throws -> Void
    ) throws -> VerificationOutcome {
        try FakeVerification.run(job, report: report)
    }

    func work(through feed: some JobFeed) {
        while let job = feed.next() {
            let end: @Sendable () -> Void = {
                feed.end(
                    job, with: Result { try FakeVerification.run(job) { try feed.report($0, of: job.id) } })
            }
            let endWhenStopped: @Sendable () -> Void = {
                do {
                    while true {
                        try feed.report(.decoding, of: job.id)
                        Thread.sleep(forTimeInterval: 0.001)
                    }
                } catch {
                    feed.end(job, with: .failure(error))
                }
            }
            held.withLock { $0[job.id] = Held(end: end, endWhenStopped: endWhenStopped) }
            begun.withLock { $0.append(job.id) }
            arrived.signal()
        }
    }

    /// The next job that came, once it has.
    func waitForJob() -> JobID {
        arrived.wait()
        return begun.withLock { $0.removeFirst() }
    }

    func end(_ id: JobID, whenStopped: Bool = false) {
        guard let held = held.withLock({ $0.removeValue(forKey: id) }) else { return }
        DispatchQueue.global().async { whenStopped ? held.endWhenStopped() : held.end() }
    }
}
