import Synchronization

/// When the first byte of an answer came: what a transport can see of the network.
public final class TransferLog: Sendable {
    private let latest = Mutex<Double?>(nil)

    public init() {}

    /// Seconds from knowing the verifier's address to the first byte of its last answer, TLS left out.
    public var openingSeconds: Double? { latest.withLock { $0 } }

    func note(openingSeconds: Double) {
        latest.withLock { $0 = openingSeconds }
    }
}
