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
        try await host.waitUntilLoaded()
        logger.info("ready", metadata: ["models": "\(host.description.models.map(\.identity.id))"])
        do {
            try await gracefulShutdown()
            logger.info("stopping; the running job may finish", metadata: ["grace": "\(grace)"])
            await host.drain(grace: grace)
        } catch {
            // Cancelled instead of asked: nobody waits for the job.
            await host.drain(grace: .zero)
        }
    }
}
