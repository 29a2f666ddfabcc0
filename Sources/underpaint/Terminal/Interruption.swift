import Dispatch
import EdgeRuntime
import Foundation

/// Runs work that Ctrl-C (or a polite kill) cancels instead of cutting it off; a second Ctrl-C ends the program.
func cancellingOnInterrupt<Result: Sendable>(
    _ work: @escaping @Sendable () async throws -> Result
) async throws -> Result {
    // Work begins when both sources listen: a signal in between would be lost, and with it the wish to stop.
    let listening = DispatchGroup()
    let numbers = [SIGINT, SIGTERM]
    for _ in numbers { listening.enter() }
    let task = Task {
        await withCheckedContinuation { ready in listening.notify(queue: .global()) { ready.resume() } }
        return try await work()
    }
    let sources = numbers.map { number in
        // Until it is registered the default action stays, and ends a program that has done nothing yet; to ignore the signal
        // meanwhile would lose it.
        let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
        source.setEventHandler {
            // Without clean-up, which would take the kernels from under the threads that compute.
            if task.isCancelled { _exit(ExitStatus.interrupted) }
            task.cancel()
        }
        source.setRegistrationHandler { listening.leave() }
        source.activate()
        return source
    }
    defer {
        for source in sources { source.cancel() }
        for number in numbers { signal(number, SIG_DFL) }
    }
    return try await task.value
}

/// Runs synchronous work on a thread of its own, which Ctrl-C asks to stop: it looks at the flag between its steps.
func stoppedByInterrupt<Result: Sendable>(
    _ work: @escaping @Sendable (CancellationFlag) throws -> Result
) async throws -> Result {
    try await cancellingOnInterrupt { try await onOwnThread(named: "lab", work) }
}

/// The same for work on `count` things that says how many of them are done, and stops where it says so.
func stoppedByInterrupt<Result: Sendable>(
    _ title: String, count: Int, _ work: @escaping @Sendable (_ progress: (Int) throws -> Void) throws -> Result
) async throws -> Result {
    try await stoppedByInterrupt { flag in
        var line = ProgressLine(title, isQuiet: false)
        let result = try work { done in
            try flag.check()
            line.update(done: done, total: count)
        }
        line.finish(counted(count, "prompt"))
        return result
    }
}
