import Dispatch
import Foundation
import Synchronization

/// Hears that somebody asks a second time to stop, and wants no job to be waited for; the first time is the server's.
final class SecondSignal: Sendable {
    private let count = Mutex(0)
    private let onSecond: @Sendable () -> Void

    init(onSecond: @escaping @Sendable () -> Void) { self.onSecond = onSecond }

    /// To be called once the server listens to signals itself: before, one that only this heard would be lost.
    func listen() {
        for number in [SIGINT, SIGTERM] {
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            // The handler keeps the source, for as long as the process lives.
            source.setEventHandler { [self] in
                let heard = Int(source.data)
                let isSecond = count.withLock { count in
                    count += heard
                    return count > 1
                }
                if isSecond { onSecond() }
            }
            source.activate()
        }
    }
}
