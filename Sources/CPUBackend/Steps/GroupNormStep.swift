import CKernels

/// Group norm in two passes, with each channel's factor and addend in the scratch space between them.
struct GroupNormStep: KernelStep {
    private let team: ck_team
    private var arguments: ck_group_norm_args
    let implementation = "group norm"

    /// - Parameter arguments: complete but for the scratch space.
    init(_ arguments: ck_group_norm_args, team: ck_team) {
        self.team = team
        self.arguments = arguments
    }

    var scratchByteCount: Int { 2 * arguments.batch * arguments.channels * MemoryLayout<Float>.stride }

    mutating func bind(scratch: UnsafeMutableRawPointer) throws(CPUBackendError) {
        arguments.scratch = scratch.assumingMemoryBound(to: Float.self)
    }

    func run() { ck_group_norm(team, arguments) }
}
