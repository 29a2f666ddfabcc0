import CCurl
import Synchronization

/// Connections that stay open from one exchange to the next: the windows of an exact chain are many and small.
///
/// libcurl keeps connections with a multi handle, so handles are kept. One exchange has one handle to itself.
final class CurlConnections: Sendable {
    /// A multi handle.
    struct Handle: @unchecked Sendable {
        // @unchecked: it is used by one thread at a time, whoever took it out.
        let pointer: UnsafeMutableRawPointer
        /// Whether an exchange ended well with it before.
        let isUsed: Bool
    }

    private static let limit = 4
    private let idle = Mutex<[Handle]>([])

    /// Whether an exchange would find a handle with a connection that was open when it was last used.
    var hasOne: Bool { idle.withLock { !$0.isEmpty } }

    /// A handle that was used before, or a new one; nil if libcurl cannot make one.
    func take() -> Handle? {
        idle.withLock { $0.popLast() } ?? curl_multi_init().map { Handle(pointer: $0, isUsed: false) }
    }

    /// Gives a handle back after an exchange that ended well.
    func give(_ pointer: UnsafeMutableRawPointer) {
        let handle = Handle(pointer: pointer, isUsed: true)
        let isKept = idle.withLock { idle in
            guard idle.count < Self.limit else { return false }
            idle.append(handle)
            return true
        }
        if !isKept { curl_multi_cleanup(handle.pointer) }
    }

    /// Closes all that lie idle, where one has turned out to be dead.
    func forgetAll() {
        idle.withLock { idle in
            for handle in idle { curl_multi_cleanup(handle.pointer) }
            idle = []
        }
    }

    deinit { forgetAll() }
}
