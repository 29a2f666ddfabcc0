import Speculation
import Testing
import VerificationTestSupport

@testable import VerifierRuntime

@Suite struct JobTableTests {
    private let start = ContinuousClock.now
    private let cancelled = VerifierError(.cancelled, "cancelled")

    private func job(_ id: String, seed: UInt64 = 1) -> VerificationJob { SampleJob.make(id: id, seed: seed) }
    private func id(_ text: String) -> JobID { SampleJob.jobID(text) }

    private func outcome(bytes: Int = 10) -> VerificationOutcome {
        VerificationOutcome(
            payload: Array(repeating: 1, count: bytes), result: .png,
            telemetry: VerificationTelemetry(
                levels: [], reentryStep: 0, verifierEvaluations: 1, verifierOnlyEvaluations: 1, stages: [],
                receivedBytes: 0))
    }

    private func table(_ limits: HostLimits = HostLimits(), admitting ids: String...) throws -> JobTable {
        var table = JobTable(limits: limits)
        for id in ids { #expect(try table.admit(job(id), now: start) == .waits) }
        return table
    }

    @Test func jobsRunOneAtATimeInTheOrderTheyCame() throws {
        var table = try table(admitting: "a", "b", "c")
        #expect(table.startNext(now: start)?.id == id("a"))
        #expect(table.startNext(now: start) == nil)
        #expect(table.position(of: id("b")) == 1 && table.position(of: id("c")) == 2)
        _ = table.end(id("a"), with: .success(outcome()), now: start)
        #expect(table.position(of: id("b")) == 0)
        #expect(table.startNext(now: start)?.id == id("b"))
    }

    @Test func jobsAreKnownByWhenTheyCame() throws {
        var table = try table(admitting: "a")
        #expect(try table.admit(job("b"), now: start + .seconds(5)) == .waits)
        #expect(try table.admit(job("a"), now: start + .seconds(9)) == .known)
        _ = table.startNext(now: start + .seconds(60))
        #expect(table.admission(of: id("a")) == start && table.admission(of: id("b")) == start + .seconds(5))
        #expect(table.admission(of: id("c")) == nil)
    }

    @Test func asManyRunAtOnceAsMay() throws {
        var table = try table(HostLimits(runningJobs: 2), admitting: "a", "b", "c")
        #expect(table.startNext(now: start)?.id == id("a"))
        #expect(table.expectedWait(now: start) == .zero)
        #expect(table.startNext(now: start)?.id == id("b"))
        #expect(table.startNext(now: start) == nil && table.expectedWait(now: start) == nil)
        #expect(table.position(of: id("c")) == 2)
        // The second to come may be the first to go.
        _ = table.end(id("b"), with: .success(outcome()), now: start + .seconds(8))
        #expect(table.startNext(now: start + .seconds(8))?.id == id("c"))
        #expect(table.running == [id("a"), id("c")])
        for name in ["d", "e"] { _ = try table.admit(job(name), now: start) }
        #expect(table.expectedWait(now: start + .seconds(8)) == .seconds(8 * 2 / 2))
        _ = table.end(id("a"), with: .success(outcome()), now: start + .seconds(8))
        _ = table.end(id("c"), with: .success(outcome()), now: start + .seconds(8))
        #expect(table.startNext(now: start)?.id == id("d"))
    }

    @Test func theExpectedWaitIsWhatIsLeftAndWhatWaits() throws {
        var table = try table(admitting: "a")
        #expect(table.expectedWait(now: start) == .zero)
        _ = table.startNext(now: start)
        // No job has ended yet: nobody knows how long one takes.
        #expect(table.expectedWait(now: start) == nil)
        _ = table.end(id("a"), with: .success(outcome()), now: start + .seconds(10))
        for name in ["b", "c", "d"] { _ = try table.admit(job(name), now: start) }
        _ = table.startNext(now: start + .seconds(20))
        #expect(table.expectedWait(now: start + .seconds(24)) == .seconds(6 + 20))
        #expect(table.expectedWait(now: start + .seconds(90)) == .seconds(20))
    }

    @Test func fullQueueRefusesButStillKnowsItsJobs() throws {
        // One is about to run and two wait.
        var table = try table(HostLimits(waitingJobs: 2), admitting: "a", "b", "c")
        #expect { try table.admit(job("d"), now: start) } throws: { ($0 as? VerifierError)?.code == .overloaded }
        #expect(table.isFull)
        #expect(try table.admit(job("b"), now: start) == .known)
        _ = table.startNext(now: start)
        #expect { try table.admit(job("d"), now: start) } throws: { ($0 as? VerifierError)?.code == .overloaded }
        _ = table.end(id("a"), with: .success(outcome()), now: start)
        #expect(try table.admit(job("d"), now: start) == .waits)
    }

    @Test func withoutAQueueAJobIsTakenWhereNoneRuns() throws {
        var table = try table(HostLimits(waitingJobs: 0), admitting: "a")
        #expect { try table.admit(job("b"), now: start) } throws: { ($0 as? VerifierError)?.code == .overloaded }
        _ = table.startNext(now: start)
        #expect(table.isFull)
        _ = table.end(id("a"), with: .success(outcome()), now: start)
        #expect(try table.admit(job("b"), now: start) == .waits)
    }

    @Test func sameIdWithOtherContentIsRefusedInEveryState() throws {
        var table = try table(admitting: "a")
        let other = job("a", seed: 2)
        #expect { try table.admit(other, now: start) } throws: { ($0 as? VerifierError)?.code == .conflictingJob }
        _ = table.startNext(now: start)
        #expect { try table.admit(other, now: start) } throws: { ($0 as? VerifierError)?.code == .conflictingJob }
        _ = table.end(id("a"), with: .success(outcome()), now: start)
        #expect { try table.admit(other, now: start) } throws: { ($0 as? VerifierError)?.code == .conflictingJob }
    }

    @Test func finishedJobGivesItsResultAgain() throws {
        var table = try table(admitting: "a")
        _ = table.startNext(now: start)
        try table.record(.decoding, of: id("a"))
        _ = table.end(id("a"), with: .success(outcome()), now: start)
        #expect(try table.admit(job("a"), now: start) == .known)
        #expect(try table.updates(of: id("a")) == [.event(.decoding), .ended(.success(outcome()))])
        #expect(table.startNext(now: start) == nil)
    }

    @Test(arguments: VerifierError.Code.allCases)
    func failedJobRunsAgainOnlyIfThatMayHelp(code: VerifierError.Code) throws {
        var table = try table(admitting: "a")
        _ = table.startNext(now: start)
        let error = VerifierError(code, "no")
        _ = table.end(id("a"), with: .failure(error), now: start)
        let runsAgain = [.overloaded, .shuttingDown, .internalFailure, .cancelled].contains(code)
        #expect(try table.admit(job("a"), now: start) == (runsAgain ? .waits : .known))
        #expect((table.startNext(now: start) != nil) == runsAgain)
    }

    @Test func waitingJobIsCancelledAtOnce() throws {
        var table = try table(admitting: "a", "b")
        #expect(try table.stop(id("a"), reason: cancelled, now: start) == .ended)
        #expect(try table.updates(of: id("a")) == [.ended(.failure(cancelled))])
        #expect(table.startNext(now: start)?.id == id("b"))
    }

    @Test func runningJobIsCancelledAtItsNextReport() throws {
        var table = try table(admitting: "a")
        _ = table.startNext(now: start)
        try table.record(.refined(done: 1, total: 3), of: id("a"))
        #expect(try table.stop(id("a"), reason: cancelled, now: start) == .requested)
        #expect(throws: cancelled) { try table.record(.refined(done: 2, total: 3), of: id("a")) }
        // What the executor makes of the stop does not matter.
        let end = table.end(id("a"), with: .failure(VerifierError(.internalFailure, "torn down")), now: start)
        #expect(end == .failure(cancelled))
        #expect(try table.stop(id("a"), reason: cancelled, now: start) == .wasOver)
    }

    @Test func stoppingJobIsNotTakenAgainBeforeItStopped() throws {
        var table = try table(admitting: "a")
        _ = table.startNext(now: start)
        _ = try table.stop(id("a"), reason: cancelled, now: start)
        #expect { try table.admit(job("a"), now: start) } throws: { ($0 as? VerifierError)?.code == .overloaded }
        _ = table.end(id("a"), with: .failure(cancelled), now: start)
        #expect(try table.admit(job("a"), now: start) == .waits)
    }

    @Test func resultThatComesDespiteACancelIsKept() throws {
        var table = try table(admitting: "a")
        _ = table.startNext(now: start)
        _ = try table.stop(id("a"), reason: cancelled, now: start)
        #expect(table.end(id("a"), with: .success(outcome()), now: start) == .success(outcome()))
        #expect(try table.admit(job("a"), now: start) == .known)
    }

    @Test func unknownJobsAreNamed() throws {
        var table = try table()
        #expect { try table.updates(of: id("x")) } throws: { ($0 as? VerifierError)?.code == .unknownJob }
        #expect { try table.stop(id("x"), reason: cancelled, now: start) } throws: {
            ($0 as? VerifierError)?.code == .unknownJob
        }
    }

    @Test func watcherWhoComesLateLearnsTheLatestOfEachKind() throws {
        var table = try table(admitting: "a", "b")
        #expect(try table.updates(of: id("b")) == [.event(.queued(position: 1))])
        _ = table.startNext(now: start)
        for done in 1...3 { try table.record(.refined(done: done, total: 3), of: id("a")) }
        try table.record(.decoding, of: id("a"))
        #expect(try table.updates(of: id("a")) == [.event(.refined(done: 3, total: 3)), .event(.decoding)])
        #expect(try table.updates(of: id("b")) == [.event(.queued(position: 1))])
    }

    @Test func resultsAreForgottenByAgeCountAndBytes() throws {
        var table = try table(
            HostLimits(keptJobs: 3, keptBytes: 1000, keptFor: .seconds(10)), admitting: "a", "b", "c", "d", "e")
        func run(_ name: String, bytes: Int, after seconds: Int) {
            _ = table.startNext(now: start)
            _ = table.end(
                id(name), with: .success(outcome(bytes: bytes)), now: start + .seconds(seconds))
        }
        func isKnown(_ name: String) -> Bool { (try? table.updates(of: id(name))) != nil }
        run("a", bytes: 1, after: 0)
        run("b", bytes: 1, after: 5)
        run("c", bytes: 1, after: 5)
        run("d", bytes: 1, after: 5)
        #expect(!isKnown("a") && isKnown("b") && isKnown("c") && isKnown("d"))
        run("e", bytes: 900, after: 6)
        #expect(!isKnown("b") && !isKnown("c") && isKnown("e"))
        table.forgetOld(now: start + .seconds(17))
        #expect(!isKnown("d") && !isKnown("e"))
    }

    @Test func closedTableEndsWaitingJobsAndLetsTheRunningOneFinish() throws {
        var table = try table(admitting: "a", "b", "c")
        _ = table.startNext(now: start)
        let stopping = VerifierError(.shuttingDown, "stopping")
        #expect(table.close(reason: stopping, now: start) == [id("b"), id("c")])
        #expect(throws: stopping) { try table.admit(job("d"), now: start) }
        // Whoever sends the running one again is told how it ends; what was ended unmade may be made elsewhere.
        #expect(try table.admit(job("a"), now: start) == .known)
        #expect(throws: stopping) { try table.admit(job("b"), now: start) }
        #expect(try table.updates(of: id("c")) == [.ended(.failure(stopping))])
        #expect(table.end(id("a"), with: .success(outcome()), now: start) == .success(outcome()))
        #expect(try table.admit(job("a"), now: start) == .known)
        #expect(table.startNext(now: start) == nil)
    }

    @Test func suggestedDelayFollowsHowLongJobsRunWithinBounds() throws {
        var table = try table(admitting: "a", "b")
        #expect(table.suggestedDelay == .seconds(2))
        _ = table.startNext(now: start)
        _ = table.end(id("a"), with: .success(outcome()), now: start + .seconds(20))
        #expect(table.suggestedDelay == .seconds(20))
        _ = table.startNext(now: start)
        _ = table.end(id("b"), with: .success(outcome()), now: start + .seconds(1000))
        #expect(table.suggestedDelay == .seconds(60))
    }
}
