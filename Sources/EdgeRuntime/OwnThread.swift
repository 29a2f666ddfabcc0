import Foundation
import Synchronization

/// A wish to stop that work polls between its steps.
public final class CancellationFlag: Sendable {
    private let isSet = Atomic(false)

    public init() {}

    public func cancel() {
        isSet.store(true, ordering: .relaxed)
    }

    /// - Throws: `CancellationError` once `cancel` was called.
    public func check() throws(CancellationError) {
        if isSet.load(ordering: .relaxed) { throw CancellationError() }
    }
}

/// Runs synchronous work on a thread of its own, so that it never holds up the cooperative pool.
///
/// Cancelling the task sets the flag that the work is given; the work decides where it can stop.
public func onOwnThread<Result: Sendable>(
    named name: String, _ work: @escaping @Sendable (CancellationFlag) throws -> Result
) async throws -> Result {
    let flag = CancellationFlag()
    return try await withTaskCancellationHandler {
        try await withCheckedThrowingContinuation { continuation in
            let thread = Thread {
                continuation.resume(with: Swift.Result { try work(flag) })
            }
            thread.name = name
            // The kernel libraries keep scratch on the stack; Foundation's default for threads is half a mebibyte.
            thread.stackSize = 8 << 20
            thread.start()
        }
    } onCancel: {
        flag.cancel()
    }
}
