import Foundation
import Synchronization
import Testing

/// A server on the loopback that sends back what it gets, or only counts it. One thread a connection.
final class LoopbackServer: Sendable {
    enum Manner: Sendable {
        case echo
        /// Reads nothing until `release` is called.
        case stubborn
    }

    let port: UInt16
    private let listener: Int32
    private let manner: Manner
    private let received = Mutex(0)
    private let isReleased = Mutex(false)

    var receivedBytes: Int { received.withLock { $0 } }

    init(_ manner: Manner) throws {
        self.manner = manner
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && listen(descriptor, 16) == 0
                    && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard status else { throw POSIXError(.EADDRNOTAVAIL) }
        listener = descriptor
        port = UInt16(bigEndian: address.sin_port)
        Thread.detachNewThread { self.acceptAll() }
    }

    func release() { isReleased.withLock { $0 = true } }

    func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

    private func acceptAll() {
        while true {
            let connection = accept(listener, nil, nil)
            guard connection >= 0 else { return }
            Thread.detachNewThread { self.serve(connection) }
        }
    }

    private func serve(_ connection: Int32) {
        defer { close(connection) }
        while manner == .stubborn, !isReleased.withLock({ $0 }) { usleep(1000) }
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return }
            received.withLock { $0 += count }
            guard manner == .echo else { continue }
            var sent = 0
            while sent < count {
                let now = buffer[sent..<count].withUnsafeBytes {
                    send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                guard now > 0 else { return }
                sent += now
            }
        }
    }
}

/// A client that waits for everything.
struct LoopbackClient {
    let descriptor: Int32

    init(port: UInt16) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        let (socket, length) = (descriptor, socklen_t(MemoryLayout<sockaddr_in>.size))
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(socket, $0, length) }
        }
        guard status == 0 else { throw POSIXError(.ECONNREFUSED) }
        // A test that goes wrong shall fail and not hang.
        var patience = timeval(tv_sec: 60, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    }

    func send(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    func endSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Up to `count` bytes; fewer when the connection ends before, nil when it breaks.
    func receive(_ count: Int) -> [UInt8]? {
        var received: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while received.count < count {
            let now = recv(descriptor, &buffer, min(buffer.count, count - received.count), 0)
            if now == 0 { break }
            guard now > 0 else {
                // A wait that nobody ended is no broken connection.
                if errno == EAGAIN { Issue.record("nothing came, and nothing was cut") }
                return nil
            }
            received += buffer[..<now]
        }
        return received
    }

    func finish() { close(descriptor) }
}
