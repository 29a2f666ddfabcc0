import Dispatch
import Foundation
import Synchronization

/// One thread that runs pieces of work in order, so that compute is never on the cooperative pool.
///
/// It is the same thread for its whole life: the OpenMP runtime under the kernels keeps a team of threads for every
/// thread that calls it. The thread ends when the object goes and the work that it was given is done.
final class ComputeThread: Sendable {
    typealias Work = @Sendable () -> Void

    /// Kernel libraries keep scratch on the stack and Foundation's default is half a mebibyte.
    private static let stackBytes = 16 << 20

    private let queue = WorkQueue()

    init(name: String) {
        let thread = Thread { [queue] in
            while let work = queue.waitForNext() { work() }
        }
        thread.name = name
        thread.stackSize = Self.stackBytes
        thread.start()
    }

    func perform(_ work: @escaping Work) {
        queue.add(work)
    }

    deinit {
        queue.close()
    }
}

/// What the thread and its owner share; apart so that the running thread does not keep the owner alive.
private final class WorkQueue: Sendable {
    private struct State {
        var work: [ComputeThread.Work] = []
        var isClosed = false
    }

    private let state = Mutex(State())
    /// Counts pieces of work, and one more for the end.
    private let arrived = DispatchSemaphore(value: 0)

    func add(_ work: @escaping ComputeThread.Work) {
        state.withLock { $0.work.append(work) }
        arrived.signal()
    }

    func close() {
        state.withLock { $0.isClosed = true }
        arrived.signal()
    }

    /// Blocks; nil when the queue is closed and empty.
    func waitForNext() -> ComputeThread.Work? {
        arrived.wait()
        return state.withLock { $0.work.isEmpty ? nil : $0.work.removeFirst() }
    }
}
