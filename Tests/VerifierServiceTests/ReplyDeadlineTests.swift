import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTPTypes
import Testing

@testable import VerifierService

@Suite struct ReplyDeadlineTests {
    /// A socket that takes what a test lets it take.
    private final class Socket: ChannelOutboundHandler {
        typealias OutboundIn = HTTPResponsePart

        private(set) var pending: [(part: HTTPResponsePart, promise: EventLoopPromise<Void>?)] = []

        func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
            pending.append((unwrapOutboundIn(data), promise))
        }

        func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
            while !pending.isEmpty { pending.removeFirst().promise?.fail(ChannelError.ioOnClosedChannel) }
            context.close(mode: mode, promise: promise)
        }

        func take() -> HTTPResponsePart {
            let (part, promise) = pending.removeFirst()
            promise?.succeed(())
            return part
        }
    }

    private let head = HTTPResponsePart.head(HTTPResponse(status: .ok))
    private let socket = Socket()

    private func connection() throws -> EmbeddedChannel {
        let channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHandlers([socket, ReplyDeadline(.seconds(10))])
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        return channel
    }

    @Test func aClientThatTakesNothingIsLeft() throws {
        let channel = try connection()
        channel.write(head, promise: nil)
        channel.embeddedEventLoop.advanceTime(by: .seconds(9))
        // More to take is no reason to wait longer.
        channel.write(HTTPResponsePart.end(nil), promise: nil)
        #expect(channel.isActive)
        channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(!channel.isActive)
    }

    @Test func aClientThatIsSlowStaysAndGetsEveryByte() throws {
        let channel = try connection()
        let body = ByteBuffer(bytes: (0..<200_000).map { UInt8(truncatingIfNeeded: $0 / 7) })
        channel.write(head, promise: nil)
        let written: EventLoopFuture<Void> = channel.write(HTTPResponsePart.body(body))
        #expect(socket.pending.count > 3)
        var taken = ByteBuffer()
        while !socket.pending.isEmpty {
            channel.embeddedEventLoop.advanceTime(by: .seconds(9))
            if case .body(var piece) = socket.take() { taken.writeBuffer(&piece) }
        }
        try written.wait()
        #expect(taken == body)
        // A job that runs for long leaves nothing to take.
        channel.embeddedEventLoop.advanceTime(by: .seconds(60))
        #expect(channel.isActive)
        _ = try channel.finish()
    }
}
