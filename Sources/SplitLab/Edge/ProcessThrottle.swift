public import Foundation
import Speculation
import Synchronization

/// Holds a process to a share of one core by its own processor clock: stops it while it is ahead of its share.
///
/// A thread looks every millisecond at the processor time that the process has used (all its threads together) and sends
/// SIGSTOP while that is more than share × time, SIGCONT when the time has caught up. What the process uses too much
/// before it is stopped it pays for afterwards, so the share holds whatever else the machine does. The process may save
/// up two milliseconds, no more.
public final class ProcessThrottle: Sendable {
    private let process: pid_t
    private let clock: clockid_t
    private let share: Double?
    private let isWatching = Mutex(true)
    private let hasEnded = DispatchGroup()

    private static let period: UInt32 = 1000
    private static let savings = 0.002

    /// Begins to hold a process that this one started.
    ///
    /// - Parameter share: of one core; nil only lets the process's clock be read.
    public init(process: pid_t, share: Double?) throws(LabError) {
        var clock = clockid_t()
        let status = clock_getcpuclockid(process, &clock)
        guard status == 0 else {
            throw .program("the processor clock of process \(process) cannot be read; has it ended?")
        }
        self.process = process
        self.clock = clock
        self.share = share
        guard let share else { return }
        hasEnded.enter()
        let thread = Thread { [self] in
            hold(to: share)
            hasEnded.leave()
        }
        thread.name = "throttle"
        thread.start()
    }

    /// Processor seconds that the process has used so far, 0 once it has ended.
    public var processorSeconds: Double {
        var time = timespec()
        guard clock_gettime(clock, &time) == 0 else { return 0 }
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Lets the process run free again; returns when that is done.
    public func end() {
        isWatching.withLock { $0 = false }
        hasEnded.wait()
    }

    private func hold(to share: Double) {
        var allowance = ThrottleAllowance(share: share, savings: Self.savings, used: processorSeconds)
        let start = ContinuousClock.now
        var isHeld = false
        while isWatching.withLock({ $0 }) {
            let mustHold = allowance.mustHold(used: processorSeconds, at: (ContinuousClock.now - start).inSeconds)
            if mustHold != isHeld {
                kill(process, mustHold ? SIGSTOP : SIGCONT)
                isHeld = mustHold
            }
            usleep(Self.period)
        }
        if isHeld { kill(process, SIGCONT) }
    }
}

/// The rule of `ProcessThrottle`; it is given the clocks.
struct ThrottleAllowance {
    let share: Double
    let savings: Double
    private var allowed: Double
    private var lastTime = 0.0

    init(share: Double, savings: Double, used: Double) {
        self.share = share
        self.savings = savings
        allowed = used
    }

    /// Whether a process that has used so much processor time must wait.
    mutating func mustHold(used: Double, at time: Double) -> Bool {
        allowed = min(allowed + share * (time - lastTime), used + savings)
        lastTime = time
        return used > allowed
    }
}
