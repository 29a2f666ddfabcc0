import Logging
import Speculation
import Synchronization
import VerificationTestSupport
import VerifierRuntime
import WireProtocol

@testable import VerifierService

/// An executor that counts and does what a test wants.
final class TestExecutor: JobExecuting {
    typealias Execution =
        @Sendable (
            _ job: VerificationJob, _ report: (VerificationEvent) throws -> Void
        ) throws -> VerificationOutcome

    let executions = Mutex(0)
    private let refusal: VerifierError?
    private let execution: Execution

    init(refusal: VerifierError? = nil, execution: @escaping Execution = FakeVerification.run) {
        self.refusal = refusal
        self.execution = execution
    }

    func check(_ job: VerificationJob) throws(VerifierError) {
        if let refusal { throw refusal }
    }

    func execute(
        _ job: VerificationJob, report: (VerificationEvent) throws -> Void
    ) throws -> VerificationOutcome {
        executions.withLock { $0 += 1 }
        return try execution(job, report)
    }
}

/// A loaded host and the servers in front of it.
struct TestVerifier {
    let host: VerifierHost
    private let executor: TestExecutor

    init(
        limits: HostLimits = HostLimits(), refusal: VerifierError? = nil,
        execute: @escaping TestExecutor.Execution = FakeVerification.run
    ) async throws {
        let executor = TestExecutor(refusal: refusal, execution: execute)
        self.executor = executor
        self.host = VerifierHost(limits: limits) {
            LoadedVerifier(executor: executor, models: SampleJob.models)
        }
        try await host.waitUntilLoaded()
    }

    var executions: Int { executor.executions.withLock { $0 } }

    func server(
        heartbeat: Duration = .seconds(5), tokens: [AccessToken] = [], identity: ServerIdentity? = nil
    ) -> VerifierServer {
        TestVerifier.server(for: host, heartbeat: heartbeat, tokens: tokens, identity: identity)
    }

    static func server(
        for host: VerifierHost, heartbeat: Duration = .seconds(5), tokens: [AccessToken] = [],
        identity: ServerIdentity? = nil
    ) -> VerifierServer {
        VerifierServer(
            configuration: .init(
                port: 0, grace: .seconds(20), heartbeat: heartbeat, tokens: tokens, identity: identity),
            host: host, logger: quietLogger)
    }

    static let quietLogger = {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return logger
    }()
}
