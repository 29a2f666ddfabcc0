import Dispatch
import Speculation
import Synchronization
import Testing
import VerificationTestSupport

@testable import VerifierRuntime

@Suite(.timeLimit(.minutes(10))) struct VerifierHostTests {
    private func host(
        _ executor: GatedExecutor, limits: HostLimits = HostLimits(),
        onFailure: @escaping @Sendable (JobID, any Error) -> Void = { _, _ in }
    ) async throws -> VerifierHost {
        let host = VerifierHost(limits: limits, onFailure: onFailure) {
            LoadedVerifier(executor: executor, models: SampleJob.models)
        }
        try await host.waitUntilLoaded()
        return host
    }

    private func end(_ updates: AsyncStream<JobUpdate>) async -> JobEnd? {
        for await update in updates { if case .ended(let end) = update { return end } }
        return nil
    }

    /// Reads until the job has begun to run.
    private func waitForStart(_ iterator: inout AsyncStream<JobUpdate>.Iterator) async {
        while let update = await iterator.next(isolation: nil) {
            if case .event(.refined) = update { return }
        }
    }

    private func expected(_ job: VerificationJob) throws -> JobEnd {
        .success(try FakeVerification.run(job, report: { _ in }))
    }

    @Test func jobGivesItsProgressAndThenItsOutcome() async throws {
        let executor = GatedExecutor()
        let host = try await host(executor)
        let job = SampleJob.make()
        executor.gate.signal()
        var updates: [JobUpdate] = []
        for await update in try host.submit(job) { updates.append(update) }
        var reported: [JobUpdate] = []
        let outcome = try FakeVerification.run(job) { reported.append(.event($0)) }
        #expect(Array(updates.suffix(reported.count + 1)) == reported + [.ended(.success(outcome))])
    }

    /// A client's leaving and the end of its job may meet at any place. The suite's limit ends this test where they wait for each other.
    @Test func clientsThatLeaveWhileTheirJobsEndHoldUpNobody() async throws {
        let executor = GatedExecutor()
        let host = try await host(executor)
        for round in 0..<150 {
            let jobs = (0..<4).map { SampleJob.make(id: "job-\(round)-\($0)") }
            let watching = try jobs.map { job in
                let updates = try host.submit(job)
                return Task { for await _ in updates {} }
            }
            for _ in jobs { executor.gate.signal() }
            for (task, delay) in zip(watching, [0, 30, 60, 90]) {
                try await Task.sleep(for: .microseconds(delay + round % 30))
                task.cancel()
            }
            for task in watching { await task.value }
            for job in jobs { #expect(await end(try host.attach(to: job.id)) == (try expected(job))) }
        }
        // Whoever comes after them is served.
        let job = SampleJob.make(id: "last")
        executor.gate.signal()
        #expect(await end(try host.submit(job)) == (try expected(job)))
    }

    /// A driver that hangs gives no thread back; the process must be able to end all the same.
    @Test func aStepThatDoesNotEndHoldsUpNoStop() async throws {
        let executor = GatedExecutor()
        defer { executor.gate.signal() }
        let host = try await host(executor)
        var updates = try host.submit(SampleJob.make()).makeAsyncIterator()
        await waitForStart(&updates)
        await host.drain(grace: .milliseconds(1), step: .milliseconds(1))
        // Or when nobody wants to wait any more.
        let waiting = Task { await host.drain(grace: .seconds(3600)) }
        waiting.cancel()
        await waiting.value
        #expect(host.runningJobCount == 1)
    }

    @Test func allJobsRunOnOneThreadInOrder() async throws {
        let executor = GatedExecutor()
        let host = try await host(executor)
        let jobs = (0..<5).map { SampleJob.make(id: "job-\($0)") }
        let streams = try jobs.map { try host.submit($0) }
        for _ in jobs { executor.gate.signal() }
        for (job, stream) in zip(jobs, streams) { #expect(await end(stream) == (try expected(job))) }
        let ran = executor.ran.withLock { $0 }
        #expect(ran.map(\.job) == jobs.map(\.id))
        #expect(Set(ran.map(\.thread)).count == 1)
    }

    @Test func severalJobsAreUnderWayAtOnceAndRoomIsFilled() async throws {
        let executor = HoldingExecutor()
        let host = VerifierHost(limits: HostLimits(runningJobs: 2)) {
            LoadedVerifier(executor: executor, models: SampleJob.models)
        }
        try await host.waitUntilLoaded()
        let jobs = (0..<3).map { SampleJob.make(id: "job-\($0)") }
        let streams = try jobs.map { try host.submit($0) }
        for index in [0, 1] { #expect(executor.waitForJob() == jobs[index].id) }
        #expect(host.description.waitingJobCount == 1)
        // The executor has gone to rest with two jobs in hand; the end of one, on another thread, has it called again.
        executor.end(jobs[1].id)
        #expect(await end(streams[1]) == (try expected(jobs[1])))
        #expect(executor.waitForJob() == jobs[2].id)

        try host.cancel(jobs[2].id)
        executor.end(jobs[2].id)
        guard case .failure(let error)? = await end(streams[2]) else {
            Issue.record("a cancelled job ended well")
            return
        }
        #expect(error.code == .cancelled)
        async let drained: Void = host.drain(grace: .milliseconds(1))
        executor.end(jobs[0].id, whenStopped: true)
        await drained
        guard case .failure(let error)? = await end(streams[0]) else {
            Issue.record("the drained job ended well")
            return
        }
        #expect(error.code == .shuttingDown)
    }

    @Test func waitingClientsLearnThatTheyMoveUp() async throws {
        let executor = GatedExecutor()
        let host = try await host(executor)
        var first = try host.submit(SampleJob.make(id: "first")).makeAsyncIterator()
        await waitForStart(&first)
        let second = try host.submit(SampleJob.make(id: "second"))
        let third = try host.submit(SampleJob.make(id: "third"))
        for _ in 0..<3 { executor.gate.signal() }
        _ = await end(second)
        var positions: [Int] = []
        for await update in third { if case .event(.queued(let position)) = update { positions.append(position) } }
        #expect(positions == [2, 1])
    }

    @Test func sameJobTwiceRunsOnceAndBothSeeTheResult() async throws {
        let executor = GatedExecutor()
        let host = try await host(executor)
        let job = SampleJob.make()
        let (first, second) = (try host.submit(job), try host.submit(job))
        executor.gate.signal()
        let expected = try expected(job)
        #expect(await end(first) == expected)
        #expect(await end(second) == expected)
        #expect(await end(try host.submit(job)) == expected)
        #expect(await end(try host.attach(to: job.id)) == expected)
        #expect(executor.ran.withLock { $0.count } == 1)
        #expect { try host.submit(SampleJob.make(seed: 7)) } throws: {
            ($0 as? VerifierError)?.code == .conflictingJob
        }
    }

    @Test func fullQueueRefuses() async throws {
        let executor = GatedExecutor()
        let host = try await host(executor, limits: HostLimits(waitingJobs: 1))
        let running = try host.submit(SampleJob.make(id: "runs"))
        var iterator = running.makeAsyncIterator()
        await waitForStart(&iterator)
        let waiting = try host.submit(SampleJob.make(id: "waits"))
        #expect { try host.submit(SampleJob.make(id: "refused")) } throws: {
            ($0 as? VerifierError)?.code == .overloaded
        }
        #expect(host.description.waitingJobCount == 1)
        executor.gate.signal()
        executor.gate.signal()
        #expect(await end(waiting) != nil)
    }

    @Test func runningJobStopsAtItsNextStepWhenCancelled() async throws {
        let executor = GatedExecutor()
        let host = try await host(executor)
        let job = SampleJob.make()
        let updates = try host.submit(job)
        var iterator = updates.makeAsyncIterator()
        await waitForStart(&iterator)
        try host.cancel(job.id)
        executor.gate.signal()
        var last: JobUpdate?
        while let update = await iterator.next(isolation: nil) { last = update }
        guard case .ended(.failure(let error)) = last else {
            Issue.record("ended with \(String(describing: last))")
            return
        }
        #expect(error.code == .cancelled)
        // A job that was cancelled may be sent again.
        executor.gate.signal()
        #expect(await end(try host.submit(job)) == (try expected(job)))
    }

    @Test func waitingJobEndsAtOnceWhenCancelled() async throws {
        let executor = GatedExecutor()
        let host = try await host(executor)
        var first = try host.submit(SampleJob.make(id: "first")).makeAsyncIterator()
        await waitForStart(&first)
        let second = try host.submit(SampleJob.make(id: "second"))
        try host.cancel(SampleJob.jobID("second"))
        guard case .failure(let error) = await end(second) else {
            Issue.record("a cancelled job finished")
            return
        }
        #expect(error.code == .cancelled)
        executor.gate.signal()
    }

    @Test func errorsThatAreNobodysBusinessStayInTheLog() async throws {
        let executor = GatedExecutor(breaksDown: true)
        let logged = Mutex<[JobID]>([])
        let host = try await host(executor) { id, error in
            if error is GatedExecutor.Breakdown { logged.withLock { $0.append(id) } }
        }
        executor.gate.signal()
        guard case .failure(let error) = await end(try host.submit(SampleJob.make())) else {
            Issue.record("a broken executor finished a job")
            return
        }
        #expect(error.code == .internalFailure && !error.message.contains("Breakdown"))
        #expect(logged.withLock { $0 } == [SampleJob.make().id])
    }

    @Test func badJobsNeverReachTheQueue() async throws {
        let executor = GatedExecutor()
        let host = try await host(executor)
        var job = SampleJob.make()
        job.guidanceScale = .nan
        #expect { try host.submit(job) } throws: { ($0 as? VerifierError)?.code == .invalidJob }
        job = SampleJob.make()
        job.verifier = ModelIdentity(id: "another", weightsDigest: job.verifier.weightsDigest)
        #expect { try host.submit(job) } throws: { ($0 as? VerifierError)?.code == .unknownModel }
        #expect(executor.ran.withLock { $0.isEmpty } && host.description.waitingJobCount == 0)
    }

    @Test func hostThatDrainsFinishesItsJobAndTakesNoMore() async throws {
        let executor = GatedExecutor()
        let host = try await host(executor)
        let running = try host.submit(SampleJob.make(id: "runs"))
        var iterator = running.makeAsyncIterator()
        await waitForStart(&iterator)
        let waiting = try host.submit(SampleJob.make(id: "waits"))
        async let drained: Void = host.drain(grace: .seconds(3600))
        guard case .failure(let error) = await end(waiting) else {
            Issue.record("a waiting job ran after the drain began")
            return
        }
        #expect(error.code == .shuttingDown && host.condition == .stopping && !host.description.isReady)
        #expect { try host.submit(SampleJob.make(id: "late")) } throws: {
            ($0 as? VerifierError)?.code == .shuttingDown
        }
        executor.gate.signal()
        await drained
        #expect(await end(try host.attach(to: SampleJob.jobID("runs"))) == (try expected(SampleJob.make(id: "runs"))))
    }

    @Test func drainStopsAJobThatOutlastsTheGrace() async throws {
        let host = VerifierHost { LoadedVerifier(executor: EndlessExecutor(), models: SampleJob.models) }
        try await host.waitUntilLoaded()
        let updates = try host.submit(SampleJob.make())
        await host.drain(grace: .milliseconds(1))
        guard case .failure(let error) = await end(updates) else {
            Issue.record("the job outlasted the drain")
            return
        }
        #expect(error.code == .shuttingDown)
    }

    @Test func hostIsNotReadyWhileItLoadsNorAfterLoadingFailed() async throws {
        let gate = DispatchSemaphore(value: 0)
        let host = VerifierHost {
            gate.wait()
            throw GatedExecutor.Breakdown()
        }
        #expect(host.condition == .loading)
        #expect { try host.submit(SampleJob.make()) } throws: { ($0 as? VerifierError)?.code == .overloaded }
        gate.signal()
        // Whoever waits is told what happened, sooner or later; clients are only told that something did.
        for _ in 0..<2 {
            await #expect(throws: GatedExecutor.Breakdown.self) { try await host.waitUntilLoaded() }
        }
        guard case .broken(let failure) = host.condition else {
            Issue.record("\(host.condition)")
            return
        }
        #expect(failure.code == .internalFailure)
        #expect { try host.submit(SampleJob.make()) } throws: { ($0 as? VerifierError)?.code == .internalFailure }
    }

    @Test func whoeverWaitsForTheModelsCanBeCancelled() async throws {
        let gate = DispatchSemaphore(value: 0)
        defer { gate.signal() }
        let host = VerifierHost {
            gate.wait()
            throw GatedExecutor.Breakdown()
        }
        let waiting = Task { try await host.waitUntilLoaded() }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        #expect(host.condition == .loading)
    }

    @Test func clientThatLeavesDoesNotStopItsJob() async throws {
        let executor = GatedExecutor()
        let host = try await host(executor)
        do {
            var iterator = try host.submit(SampleJob.make()).makeAsyncIterator()
            await waitForStart(&iterator)
        }
        executor.gate.signal()
        #expect(await end(try host.attach(to: SampleJob.make().id)) == (try expected(SampleJob.make())))
    }
}
