import Speculation
import Synchronization

/// How long a job waited for its turn: from the first word that it waits to the first that it does not.
final class QueueClock: Sendable {
    private struct State {
        var since: ContinuousClock.Instant?
        var waited = Duration.zero
    }

    private let state = Mutex(State())

    func note(_ event: VerificationEvent) {
        let now = ContinuousClock.now
        state.withLock { state in
            if case .queued(let position) = event, position > 0 {
                state.since = state.since ?? now
            } else if let since = state.since {
                state.waited += now - since
                state.since = nil
            }
        }
    }

    var seconds: Double { state.withLock { $0.waited.inSeconds } }
}
