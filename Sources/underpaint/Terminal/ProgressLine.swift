import Foundation
import Speculation

/// One line of progress on standard error: rewritten in place on a terminal, only its end elsewhere.
struct ProgressLine {
    private let title: String
    private let isTerminal: Bool
    private let isQuiet: Bool
    private let start = ContinuousClock.now
    private var lastLength = 0

    init(_ title: String, isQuiet: Bool) {
        self.title = title
        self.isQuiet = isQuiet
        isTerminal = isatty(STDERR_FILENO) == 1
    }

    /// Shows that `done` of `total` steps are done.
    mutating func update(done: Int, total: Int, note: String = "") {
        let seconds = (ContinuousClock.now - start).inSeconds
        // A verifier of another version may count otherwise.
        let filled = total > 0 ? min(max(0, 20 * done / total), 20) : 20
        let bar = String(repeating: "=", count: filled) + String(repeating: " ", count: 20 - filled)
        show("[\(bar)] \(done)/\(total) steps  \(seconds.formatted(decimals: 1)) s  \(note)")
    }

    /// Shows a state that has no count.
    mutating func update(_ state: String) {
        show(state)
    }

    /// Leaves `summary` standing and goes to the next line.
    mutating func finish(_ summary: String) {
        guard !isQuiet else { return }
        if isTerminal {
            show(summary)
            Terminal.write("\n")
        } else {
            Terminal.write("\(padded(title))\(summary)\n")
        }
    }

    private mutating func show(_ text: String) {
        guard isTerminal, !isQuiet else { return }
        // A longer one would go on to the next line, and each update begin another.
        let line = (padded(title) + text).prefix(ProgressLine.columnCount - 1)
        let rest = String(repeating: " ", count: max(0, lastLength - line.count))
        Terminal.write("\r\(line)\(rest)")
        lastLength = line.count
    }

    /// Of the terminal; of one that does not say what they usually are.
    private static var columnCount: Int {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 1 else { return 80 }
        return Int(size.ws_col)
    }

    private func padded(_ title: String) -> String {
        title + String(repeating: " ", count: max(1, 10 - title.count))
    }
}
