import NIOCore
import NIOHTTPTypes

/// Closes a connection whose client takes nothing of its replies for too long.
///
/// Without it whoever asks and never reads would hold a connection, and with it the end of the server, for ever. A client
/// that is slow but goes on reading stays: every piece that it takes begins the time anew.
final class ReplyDeadline: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// Bodies go out in pieces, because how much of a piece is gone cannot be seen.
    private static let pieceBytes = 1 << 16

    /// Writes that are not with the system yet.
    private var pendingCount = 0
    private var timer: ConnectionTimer

    init(_ limit: TimeAmount) {
        timer = ConnectionTimer(limit)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let part = unwrapOutboundIn(data)
        guard case .body(var rest) = part else { return send(part, context, promise) }
        while rest.readableBytes > Self.pieceBytes, let piece = rest.readSlice(length: Self.pieceBytes) {
            send(.body(piece), context, nil)
        }
        send(.body(rest), context, promise)
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer.stop()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { timer.stop() }

    private func send(_ part: HTTPResponsePart, _ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?) {
        let channel = context.channel
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.cascade(to: promise)
        pendingCount += 1
        if pendingCount == 1 { timer.begin(on: channel) }
        written.futureResult.assumeIsolated().whenComplete { _ in
            self.pendingCount -= 1
            // Also when the write failed: then the channel is closed, or is about to be.
            if self.pendingCount == 0 { self.timer.stop() } else { self.timer.begin(on: channel) }
        }
        context.write(wrapOutboundOut(part), promise: written)
    }
}
