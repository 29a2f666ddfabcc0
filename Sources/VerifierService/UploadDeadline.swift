import NIOCore
import NIOHTTPTypes

/// Closes a connection whose request has not come whole in time.
///
/// The server's own timer begins anew with every byte, so a body that trickles would hold its connection, and with it the end
/// of the server, for ever.
final class UploadDeadline: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart

    private var timer: ConnectionTimer

    init(_ limit: TimeAmount) {
        timer = ConnectionTimer(limit)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head: timer.begin(on: context.channel)
        case .body: break
        case .end: timer.stop()
        }
        context.fireChannelRead(data)
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer.stop()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { timer.stop() }
}
