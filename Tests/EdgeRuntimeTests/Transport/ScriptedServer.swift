import Foundation
import Synchronization

/// A server that does to each connection what a script says, however rude. Loopback only.
final class ScriptedServer: Sendable {
    /// What happens on one connection after the whole request was read.
    enum Step: Sendable {
        case send([UInt8])
        /// Says nothing more; the connection stays open until the client goes or the server stops.
        case stayingSilent
        /// Breaks the connection with a reset.
        case reset
        /// Reads one request more on the same connection.
        case nextRequest
    }

    let port: UInt16
    private let socket: Int32
    private let scripts: [[Step]]
    private struct State {
        var requests: [String] = []
        var connections: [Int32] = []
        var isStopped = false
    }
    private let state = Mutex(State())

    /// - Parameters:
    ///   - scripts: one for each connection, in order; the last serves all that follow. A script that is over
    ///     closes its connection.
    ///   - wanted: a port that another server had; 0 for any.
    init(_ scripts: [Step]..., at wanted: UInt16 = 0) throws {
        self.scripts = scripts
        socket = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = wanted.bigEndian
        var reuse: Int32 = 1
        setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &reuse, socklen_t(MemoryLayout<Int32>.size))
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = socket
        let status = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 8) == 0
                    && getsockname(listener, $0, &length) == 0
            }
        }
        guard status else { throw POSIXError(.EADDRNOTAVAIL) }
        port = UInt16(bigEndian: address.sin_port)
        Thread.detachNewThread { self.acceptAll() }
    }

    var url: String { "http://127.0.0.1:\(port)" }

    /// The first line of every request so far.
    var requests: [String] { state.withLock { $0.requests } }

    /// Stops listening and breaks what is open.
    func stop() {
        // All under the lock: a descriptor that is closed meanwhile may be another test's.
        state.withLock { state in
            guard !state.isStopped else { return }
            state.isStopped = true
            for descriptor in state.connections + [socket] { shutdown(descriptor, Int32(SHUT_RDWR)) }
        }
    }

    deinit { close(socket) }

    private func acceptAll() {
        for number in 0... {
            let connection = accept(socket, nil, nil)
            guard connection >= 0 else { return }
            let isStopped = state.withLock { state in
                state.connections.append(connection)
                return state.isStopped
            }
            if isStopped {
                close(connection)
                return
            }
            let script = scripts[min(number, scripts.count - 1)]
            Thread.detachNewThread { self.serve(connection, script) }
        }
    }

    private func serve(_ connection: Int32, _ script: [Step]) {
        defer {
            state.withLock { state in
                state.connections.removeAll { $0 == connection }
                close(connection)
            }
        }
        guard let head = readRequest(connection) else { return }
        state.withLock { $0.requests.append(head) }
        for step in script {
            switch step {
            case .send(let bytes):
                _ = bytes.withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            case .nextRequest:
                guard let head = readRequest(connection) else { return }
                state.withLock { $0.requests.append(head) }
            case .stayingSilent:
                var byte: UInt8 = 0
                while recv(connection, &byte, 1, 0) > 0 {}
            case .reset:
                var option = linger(l_onoff: 1, l_linger: 0)
                setsockopt(
                    connection, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
            }
        }
    }

    /// Reads a head and as many bytes of body as it announces; gives the first line.
    private func readRequest(_ connection: Int32) -> String? {
        var received: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return nil }
            received.append(contentsOf: buffer.prefix(count))
            let text = String(decoding: received, as: UTF8.self)
            guard let end = text.range(of: "\r\n\r\n") else { continue }
            let head = text[..<end.lowerBound]
            let announced = head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("content-length:") }
                .flatMap { Int($0.split(separator: ":")[1].trimmingCharacters(in: .whitespaces)) }
            let headBytes = Array(head.utf8).count + 4
            if received.count - headBytes >= announced ?? 0 {
                return String(head.prefix { $0 != "\r\n" && $0 != "\r" })
            }
        }
    }
}

extension ScriptedServer.Step {
    /// A response's head; the body is whatever follows, until the connection closes.
    static func head(_ status: String = "200 OK", type: String = "application/x-underpaint-frames", more: String = "")
        -> Self
    {
        .send(Array("HTTP/1.1 \(status)\r\nContent-Type: \(type)\r\n\(more)Connection: close\r\n\r\n".utf8))
    }

    /// The head of a body in chunks on a connection that stays open.
    static let keptHead = send(
        Array(
            "HTTP/1.1 200 OK\r\nContent-Type: application/x-underpaint-frames\r\nTransfer-Encoding: chunked\r\n\r\n"
                .utf8))

    /// The head of a body in chunks, whose end is marked.
    static let chunkedHead = head(more: "Transfer-Encoding: chunked\r\n")

    /// One chunk of such a body.
    static func chunk(_ bytes: [UInt8]) -> Self {
        .send(Array("\(String(bytes.count, radix: 16))\r\n".utf8) + bytes + Array("\r\n".utf8))
    }

    static let lastChunk = send(Array("0\r\n\r\n".utf8))
}
