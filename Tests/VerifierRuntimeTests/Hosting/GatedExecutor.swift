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
