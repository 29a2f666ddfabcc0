import ExactWindows
import Speculation
import Testing
import VerificationTestSupport

@testable import VerifierRuntime

@Suite struct ExactSessionsTests {
    private let start = ContinuousClock.now

    private func session(
        _ job: VerificationJob, isFinished: Bool = false, after idle: Duration = .zero
    ) throws -> ExactSessions.Session {
        var session = ExactSessions.Session(
            job: job, chain: VerifierChain(plan: try ExactPlan(job: job), correction: .none),
            lastUse: start + idle)
        guard isFinished, let exchange = job.exact?.exchange else { return session }
        session.answered = (exchange, try FakeVerification.run(job, report: { _ in }))
        return session
    }

    private func exchange(_ chain: String) throws -> WindowExchange {
        WindowExchange(chain: SampleJob.jobID(chain), index: 1, firstStep: 5, codedPictures: [])
    }

    @Test func idleChainsAreForgottenAndOthersAreNot() throws {
        let (sessions, job) = (ExactSessions(idleLimit: .seconds(10)), SampleJob.makeWindow())
        try sessions.keep(session(job), as: SampleJob.jobID("a"))
        try sessions.keep(session(job, after: .seconds(8)), as: SampleJob.jobID("b"))
        sessions.forgetIdle(at: start + .seconds(10))
        #expect(sessions.has(SampleJob.jobID("a")) && sessions.has(SampleJob.jobID("b")))
        sessions.forgetIdle(at: start + .seconds(12))
        _ = try sessions.session(for: exchange("b"), of: job)
        #expect { try sessions.session(for: exchange("a"), of: job) } throws: {
            ($0 as? VerifierError)?.code == .unknownJob
        }
    }

    @Test func chainsBeyondTheLimitAreRefusedUnlessOneIsFinished() throws {
        let (sessions, job) = (ExactSessions(countLimit: 2), SampleJob.makeWindow())
        try sessions.keep(session(job), as: SampleJob.jobID("a"))
        try sessions.keep(session(job), as: SampleJob.jobID("b"))
        let full = VerifierError.Code.overloaded
        #expect { try sessions.keep(session(job), as: SampleJob.jobID("c")) } throws: {
            ($0 as? VerifierError)?.code == full
        }
        // Going on needs no room, and a finished chain gives its own up.
        try sessions.keep(session(job, isFinished: true), as: SampleJob.jobID("a"))
        try sessions.keep(session(job), as: SampleJob.jobID("c"))
        #expect(!sessions.has(SampleJob.jobID("a")) && sessions.has(SampleJob.jobID("b")))
    }

    @Test func bytesAreBounded() throws {
        let job = SampleJob.makeWindow()
        let sessions = ExactSessions(byteLimit: try session(job).byteCount * 2)
        try sessions.keep(session(job), as: SampleJob.jobID("a"))
        try sessions.keep(session(job), as: SampleJob.jobID("b"))
        #expect(throws: VerifierError.self) { try sessions.keep(session(job), as: SampleJob.jobID("c")) }
    }

    @Test func anotherJobCannotUseAChain() throws {
        let (sessions, job) = (ExactSessions(), SampleJob.makeWindow())
        try sessions.keep(session(job), as: SampleJob.jobID("a"))
        var (other, next) = (job, job)
        other.guidanceScale += 1
        #expect { try sessions.session(for: exchange("a"), of: other) } throws: {
            ($0 as? VerifierError)?.code == .conflictingJob
        }
        // The next window of the same job is another job by name, and may come from a longer window.
        next.id = SampleJob.jobID("other-id")
        next.exact?.exchange = try exchange("a")
        next.exact?.window = .auto
        _ = try sessions.session(for: exchange("a"), of: next)
    }
}
