import Foundation
import Synchronization

/// What is being measured: on one line of a terminal, else a line each. Ends the program if one way takes too long, since nothing else
/// gets a thread back that waits for a driver that hangs.
final class TuneProgress: Sendable {
    private struct State {
        var line = ""
        var since = ContinuousClock.now
        var isOver = false
    }

    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let state = Mutex(State())

    /// - Parameter save: called before the program is ended.
    init(patience: Duration, save: @escaping @Sendable () -> Void) {
        Thread.detachNewThread { [self] in
            while !state.withLock({ $0.isOver }) {
                Thread.sleep(forTimeInterval: 0.5)
                let (line, since, isOver) = state.withLock { ($0.line, $0.since, $0.isOver) }
                guard !isOver, !line.isEmpty, ContinuousClock.now - since > patience else { continue }
                save()
                write(
                    "\n\(line): not done after \(patience.components.seconds) s, the driver seems to hang. What was measured before is "
                        + "kept; begin again with --without and the way's name, or with a longer --patience\n")
                // No clean-up: it would wait for the driver, too.
                _exit(69)
            }
        }
    }

    /// - Parameter line: empty where nothing is measured for a while.
    func show(_ line: String) {
        state.withLock { ($0.line, $0.since) = (line, .now) }
        guard !line.isEmpty || isTerminal else { return }
        write(isTerminal ? "\r\u{1B}[K\(line)" : "\(line)\n")
    }

    func end() {
        let wasOver = state.withLock { state in
            defer { state.isOver = true }
            return state.isOver
        }
        if isTerminal, !wasOver { write("\r\u{1B}[K") }
    }

    private func write(_ text: String) { try? FileHandle.standardError.write(contentsOf: Data(text.utf8)) }
}
