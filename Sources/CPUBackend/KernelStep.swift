/// One prepared piece of work: every pointer, descriptor and primitive is ready, running allocates nothing.
///
/// Steps point into memory that the executable graph owns and keeps alive.
protocol KernelStep {
    /// Bytes that the step needs while it runs; all steps of a graph share one such space.
    var scratchByteCount: Int { get }

    /// Tells the step where that space is, once, before the first run. 64-byte aligned.
    mutating func bind(scratch: UnsafeMutableRawPointer) throws(CPUBackendError)

    /// Does the work.
    func run() throws

    /// Which kernel it is, for reports: `brg:avx512_core`.
    var implementation: String { get }
}

extension KernelStep {
    var scratchByteCount: Int { 0 }
    mutating func bind(scratch: UnsafeMutableRawPointer) throws(CPUBackendError) {}
}
