import NIOCore

/// Closes a connection when its time is over.
struct ConnectionTimer {
    private let limit: TimeAmount
    private var closing: Scheduled<Void>?

    init(_ limit: TimeAmount) {
        self.limit = limit
    }

    /// Begins the time, or begins it anew.
    mutating func begin(on channel: any Channel) {
        stop()
        closing = channel.eventLoop.scheduleTask(in: limit) { channel.close(promise: nil) }
    }

    mutating func stop() {
        closing?.cancel()
        closing = nil
    }
}
