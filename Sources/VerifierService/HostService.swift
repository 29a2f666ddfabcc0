import Logging
import ServiceLifecycle
import Speculation
import VerifierRuntime

/// Ties the host's life to the process: no models, no server; a stop signal lets the running job finish.
struct HostService: Service {
    let host: VerifierHost
    let grace: Duration
    let logger: Logger

    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown { [host] in try await host.waitUntilLoaded() }
            logger.info("ready", metadata: ["models": "\(host.description.models.map(\.identity.id))"])
            try await gracefulShutdown()
            logger.info("stopping; the running job may finish", metadata: ["grace": "\(grace)"])
            await host.drain(grace: grace)
        } catch is CancellationError {
            // Cancelled instead of asked, or asked before the models were there: nobody waits for a job.
            await host.drain(grace: .zero)
        }
    }
}
