import Foundation

/// Something that only one thread at a time may use, and a lock that sees to it.
///
/// For compiled models, which are not thread-safe: unlike `Mutex`, it lets work under the lock call closures that
/// belong to the caller, such as progress reports. Not recursive.
public final class Exclusive<Value>: @unchecked Sendable {
    // @unchecked: `value` is reached through `withLock` alone, and nobody else held it when it came in.
    private let value: Value
    private let lock = NSLock()

    public init(_ value: sending Value) {
        self.value = value
    }

    /// Runs `body` when nobody else does; what it is given must not leave it.
    public func withLock<Result>(_ body: (Value) throws -> Result) rethrows -> Result {
        lock.lock()
        defer { lock.unlock() }
        return try body(value)
    }
}
