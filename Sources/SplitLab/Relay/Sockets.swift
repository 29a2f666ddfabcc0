import Foundation

/// The few calls on TCP sockets that the relay needs; every one fails with words.
enum Sockets {
    /// What a call that must not wait came to.
    enum Transfer {
        case bytes(Int)
        case wouldWait
        case ended
        case broken
    }

    /// A socket that listens.
    ///
    /// - Parameter port: 0 lets the system choose.
    static func listener(host: String, port: UInt16) throws(LabError) -> (descriptor: Int32, port: UInt16) {
        var address = try resolve(host: host, port: port)
        let descriptor = try open()
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && listen(descriptor, 128) == 0
                    && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isListening else {
            let reason = String(cString: strerror(errno))
            close(descriptor)
            throw .relay("the relay cannot listen on \(host):\(port): \(reason); choose another --listen")
        }
        return (descriptor, UInt16(bigEndian: address.sin_port))
    }

    /// The IPv4 address of a host.
    static func resolve(host: String, port: UInt16) throws(LabError) -> sockaddr_in {
        var hints = addrinfo()
        hints.ai_family = AF_INET
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, String(port), &hints, &found)
        defer { if found != nil { freeaddrinfo(found) } }
        guard status == 0, let first = found?.pointee.ai_addr else {
            throw .relay("there is no host '\(host)': \(String(cString: gai_strerror(status)))")
        }
        return first.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { $0.pointee }
    }

    /// A connection that is waiting to be taken; nil if there is none.
    static func accept(from listener: Int32) -> Int32? {
        let descriptor = Foundation.accept(listener, nil, nil)
        guard descriptor >= 0 else { return nil }
        prepare(descriptor)
        return descriptor
    }

    /// Begins to connect; the socket becomes writable when it is done.
    static func connect(to address: sockaddr_in) throws(LabError) -> Int32 {
        let descriptor = try open()
        var address = address
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Foundation.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 || errno == EINPROGRESS else {
            close(descriptor)
            throw .relay("cannot connect: \(String(cString: strerror(errno)))")
        }
        return descriptor
    }

    /// Whether a connection that was begun stands.
    static func isConnected(_ descriptor: Int32) -> Bool {
        var error: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length) == 0 && error == 0
    }

    static func read(from descriptor: Int32, into buffer: inout [UInt8], count: Int) -> Transfer {
        let result = buffer.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, min(count, $0.count), 0) }
        return result == 0 ? .ended : transfer(result)
    }

    static func write(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) -> Transfer {
        transfer(bytes.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) })
    }

    /// Closes a connection so that the other side sees it break.
    static func reset(_ descriptor: Int32) {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        close(descriptor)
    }

    static func makeNonblocking(_ descriptor: Int32) {
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    }

    private static func open() throws(LabError) -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw .relay("no socket is to be had: \(String(cString: strerror(errno)))") }
        prepare(descriptor)
        return descriptor
    }

    private static func prepare(_ descriptor: Int32) {
        makeNonblocking(descriptor)
        var yes: Int32 = 1
        // Pieces must go when the model says, not when the kernel has gathered enough of them.
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
    }

    private static func transfer(_ result: Int) -> Transfer {
        if result >= 0 { return .bytes(result) }
        return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? .wouldWait : .broken
    }
}
