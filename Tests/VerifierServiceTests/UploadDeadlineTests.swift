import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTPTypes
import Testing

@testable import VerifierService

@Suite struct UploadDeadlineTests {
    private let head = HTTPRequestPart.head(
        HTTPRequest(method: .post, scheme: "http", authority: "here", path: "/v1/verify"))

    private func connection() throws -> EmbeddedChannel {
        let channel = EmbeddedChannel(handler: UploadDeadline(.seconds(10)))
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        return channel
    }

    @Test func aBodyThatTricklesEndsWithTheDeadline() throws {
        let channel = try connection()
        try channel.writeInbound(head)
        for _ in 0..<9 {
            try channel.writeInbound(HTTPRequestPart.body(ByteBuffer(string: "x")))
            channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        }
        #expect(channel.isActive)
        channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(!channel.isActive)
    }

    @Test func aRequestThatCameWholeMayBeAnsweredForAsLongAsItTakes() throws {
        let channel = try connection()
        for _ in 0..<2 {
            try channel.writeInbound(head)
            channel.embeddedEventLoop.advanceTime(by: .seconds(9))
            try channel.writeInbound(HTTPRequestPart.end(nil))
            channel.embeddedEventLoop.advanceTime(by: .seconds(60))
            #expect(channel.isActive)
        }
        _ = try channel.finish(acceptAlreadyClosed: true)
    }
}
