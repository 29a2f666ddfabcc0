import CKernels

/// Attention by blocks of query rows: scores by the library's product, softmax by ours.
struct AttentionStep: KernelStep {
    private let team: ck_team
    private var arguments: ck_attention_args
    let scratchByteCount: Int
    let implementation = "blocked attention"

    /// - Parameter arguments: complete but for the scratch space.
    init(_ arguments: ck_attention_args, team: ck_team) {
        self.team = team
        self.arguments = arguments
        let scratch = ck_attention_scratch(arguments.queries, arguments.keys)
        scratchByteCount = Int(team.threads) * scratch * MemoryLayout<Float>.stride
    }

    mutating func bind(scratch: UnsafeMutableRawPointer) throws(CPUBackendError) {
        arguments.scratch = scratch.assumingMemoryBound(to: Float.self)
    }

    func run() throws {
        let status = ck_attention(team, arguments)
        guard status == 0 else { throw CPUBackendError(call: "sgemm in attention", status: Int(status)) }
    }
}
