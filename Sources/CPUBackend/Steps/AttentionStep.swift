import CKernels

/// Attention in float32 by blocks of query rows: scores by the library's product, softmax by ours.
struct AttentionStep: KernelStep {
    private let team: ck_team
    private var arguments: ck_attention_args
    let scratchByteCount: Int
    let implementation = "blocked attention"

    init(_ problem: AttentionProblem, gemm: @escaping ck_gemm, team: ck_team) {
        self.team = team
        arguments = ck_attention_args(
            gemm: gemm, q: problem.q.base, k: problem.k.base, v: problem.v.base, q_stride: problem.q.stride,
            k_stride: problem.k.stride, v_stride: problem.v.stride, y: problem.y.floats, batch: problem.batch,
            heads: problem.headCount, queries: problem.queries, keys: problem.keys, head_width: problem.headWidth,
            scale: problem.scale, scratch: nil)
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
