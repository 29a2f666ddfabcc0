import HTTPTypes
import Hummingbird
import NIOCore
import Speculation
import VerifierRuntime
import WireProtocol

/// A job's updates as the body of a response: frames that go out as the updates come in.
struct ReplyStream: Sendable {
    let job: JobID
    let updates: AsyncStream<JobUpdate>
    /// How long nothing may go out before a sign of life does.
    let heartbeat: Duration
    /// Is told how the job ended, or nil when the client left before.
    let onEnd: @Sendable (JobEnd?) -> Void

    var response: Response {
        Response(
            status: .ok, headers: ReplyStream.headers, body: ResponseBody { try await write(to: &$0) })
    }

    /// A proxy that gathers a reply before it sends it on would keep the signs of life from the client: nginx asks this header.
    private static let headers: HTTPFields = {
        var headers: HTTPFields = [.contentType: Frame.mediaType, .cacheControl: "no-store"]
        if let buffering = HTTPField.Name("X-Accel-Buffering") { headers[buffering] = "no" }
        return headers
    }()

    private func write(to writer: inout any ResponseBodyWriter) async throws {
        var end: JobEnd?
        defer { onEnd(end) }
        // Like requests: of no newer version than needed. No reply says what version 1 could not.
        try await writer.write(frame(.accepted(version: ProtocolVersions.current.oldest, job: job)))
        try await withThrowingDiscardingTaskGroup { group in
            // Bounded like the watch itself: a client that reads slowly misses progress, never the end.
            let (messages, continuation) = AsyncStream.makeStream(
                of: JobUpdate?.self, bufferingPolicy: .bufferingNewest(64))
            group.addTask {
                for await update in updates { continuation.yield(update) }
                continuation.finish()
            }
            group.addTask {
                while !Task.isCancelled {
                    try? await Task.sleep(for: heartbeat)
                    continuation.yield(nil)
                }
            }
            // Leaving on an error (the client is gone) cancels both tasks, which ends the watch over the job.
            for await update in messages {
                try await writer.write(frame(update.map(ReplyStream.message) ?? .alive))
                if case .ended(let result)? = update {
                    end = result
                    // A sign of life may lie behind it.
                    break
                }
            }
            group.cancelAll()
        }
        try await writer.finish(nil)
    }

    private static func message(_ update: JobUpdate) -> ReplyMessage {
        switch update {
        case .event(let event): .event(event)
        case .ended(.success(let outcome)): .outcome(outcome)
        case .ended(.failure(let error)): .problem(error)
        }
    }

    private func frame(_ message: ReplyMessage) throws(WireError) -> ByteBuffer {
        do throws(WireError) {
            return ByteBuffer(bytes: try ReplyCodec.encode(message))
        } catch {
            // A result that no client takes; say so rather than break the stream off.
            return ByteBuffer(
                bytes: try ReplyCodec.encode(.problem(VerifierError(.internalFailure, error.message))))
        }
    }
}
