import CKernels

/// How many threads compute.
///
/// There is one team for everything: oneDNN and the kernels here run on libgomp's threads, OpenBLAS is called
/// on one thread at a time by the members of that team. Two pools side by side cost up to a third.
///
/// libgomp keeps one team for each thread that calls in, so call a backend from one thread that lives long.
/// Threads that have nothing to do sleep after a moment; active waiting (`OMP_WAIT_POLICY=active`) halves the
/// speed of whoever else computes and is never set here.
public struct ThreadPolicy: Hashable, Sendable {
    /// Threads of the team, at least one.
    public let count: Int

    /// - Parameter count: threads, or nil for one on each physical core that this process may use; no more than OpenMP gives it.
    public init(count: Int? = nil) {
        self.count = max(1, min(count ?? ProcessorCount.usable, Int(ck_thread_limit())))
    }

    /// Sets the team's size for the calling thread. Cheap: done before every run and compilation.
    func apply() {
        ck_set_thread_count(Int32(clamping: count))
    }
}
