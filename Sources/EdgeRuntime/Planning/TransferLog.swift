public import Speculation
import Synchronization

/// When the first byte of an answer came: what a transport can see of the network.
public final class TransferLog: Sendable {
    /// How long an answer took to begin.
    public struct Opening: Hashable, Sendable {
        /// From knowing the verifier's address to the first byte, TLS left out.
        public let seconds: Double
        /// What the network alone makes of it: one round trip for the request, and one for a new connection.
        public let roundTrips: Double

        public init(seconds: Double, roundTrips: Double = NetworkEstimate.roundTripsToFirstByte) {
            self.seconds = seconds
            self.roundTrips = roundTrips
        }
    }

    private let latest = Mutex<Opening?>(nil)

    public init() {}

    /// Of the verifier's last answer.
    public var opening: Opening? { latest.withLock { $0 } }

    func note(_ opening: Opening) {
        latest.withLock { $0 = opening }
    }
}
