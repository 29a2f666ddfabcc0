import Testing

@testable import VerifierService

/// Runs a server while the body talks to it.
func withServer<Value: Sendable>(
    _ server: VerifierServer, _ body: @Sendable (_ url: String) async throws -> Value
) async throws -> Value {
    let listening = AsyncStream.makeStream(of: Int.self)
    return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
            try await server.run(handlesSignals: false) { listening.continuation.yield($0) }
        }
        var ports = listening.stream.makeAsyncIterator()
        let port = try #require(await ports.next(isolation: nil))
        let value = try await body(server.configuration.address(port: port))
        group.cancelAll()
        return value
    }
}
