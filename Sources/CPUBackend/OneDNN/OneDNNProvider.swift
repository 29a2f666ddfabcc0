import CKernels
import COneDNN
import Graphs

/// Matrix products and convolutions by oneDNN: weights packed once in the layout that the library chooses.
final class OneDNNProvider: MatrixProvider {
    let engine: OneDNNEngine
    let team: ck_team
    let precision: ProductPrecision
    private var matmuls: [MatmulKey: OneDNNPrimitive] = [:]
    var convolutions: [ConvolutionKey: OneDNNPrimitive] = [:]

    init(team: ck_team, precision: ProductPrecision) throws(CPUBackendError) {
        engine = try OneDNNEngine()
        self.team = team
        self.precision = precision
    }

    /// Whether the processor has instructions for bfloat16; without them the library widens, which is slower than float32.
    static var multipliesBFloat16: Bool {
        [dnnl_cpu_isa_avx512_core_bf16, dnnl_cpu_isa_avx512_core_amx].contains(dnnl_get_effective_cpu_isa())
    }

    /// Whether the processor multiplies tiles of matrices.
    static var hasMatrixTiles: Bool { dnnl_get_effective_cpu_isa() == dnnl_cpu_isa_avx512_core_amx }

    let packsWeights = true

    /// A product of float32 on the calling thread alone.
    private var gemm: ck_gemm {
        { transposeA, transposeB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc in
            let status = dnnl_sgemm(transposeA, transposeB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
            return Int32(status.rawValue)
        }
    }

    var narrowing: Narrowing? {
        // Without tiles most convolutions are Winograd's, in float32.
        precision == .bfloat16 ? Narrowing(roundsConvolutions: OneDNNProvider.hasMatrixTiles) : nil
    }

    func attention(_ problem: AttentionProblem) throws(CPUBackendError) -> any KernelStep {
        switch precision {
        case .float32: AttentionStep(problem, gemm: gemm, team: team)
        case .bfloat16: try OneDNNAttentionStep(problem, engine: engine, team: team)
        }
    }

    // MARK: Linear

    private struct MatmulKey: Hashable {
        let rows, inner, width: Int
        let hasBias: Bool
        let activation: Activation?
        let addsResidual: Bool
        let result: ProductPrecision
    }

    func linear(_ problem: LinearProblem) throws(CPUBackendError) -> any KernelStep {
        // A gate is no post-operation of a two-dimensional product; the whole epilogue then is ours.
        let isFused = problem.epilogue.gate == nil
        let key = MatmulKey(
            rows: problem.rows, inner: problem.inner, width: problem.width,
            hasBias: problem.epilogue.bias != nil, activation: isFused ? problem.epilogue.activation : nil,
            addsResidual: isFused && problem.epilogue.residual != nil, result: problem.y.precision)
        let primitive = try matmul(key)
        let x = try prepared(
            problem.x.base, isFixed: false, OneDNNLayout([problem.rows, problem.inner], dnnl_ab, problem.x.precision),
            as: primitive.layout(dnnl_query_src_md))
        // PyTorch's [outputs, in] is the transpose of the [in, outputs] that a product wants.
        let weight = try prepared(
            problem.weight.values, isFixed: problem.weight.isFixed,
            OneDNNLayout([problem.inner, problem.width], dnnl_ba), as: primitive.layout(dnnl_query_weights_md))
        var arguments: [(Int32, OneDNNMemory)] = [
            (DNNL_ARG_SRC, x.memory), (DNNL_ARG_WEIGHTS, weight.memory),
            (DNNL_ARG_DST, try .init(primitive.layout(dnnl_query_dst_md), engine, problem.y.base)),
        ]
        if let bias = problem.epilogue.bias {
            arguments.append(
                (DNNL_ARG_BIAS, try .init(reading: bias, primitive.layout(dnnl_query_weights_md, 1), engine)))
        }
        if key.addsResidual, let residual = problem.epilogue.residual {
            let position: Int32 = key.activation == nil ? 0 : 1
            arguments.append(
                (
                    OneDNNProvider.postOperand(position),
                    try .init(reading: residual, primitive.layout(dnnl_query_dst_md), engine)
                ))
        }
        var epilogue = problem.epilogue
        epilogue.bias = nil
        return try OneDNNStep(
            engine, x.calls + weight.calls + [.init(primitive, arguments)], between: x.between + weight.between,
            owned: x.owned + weight.owned,
            finish: isFused
                ? nil : (team, epilogue.finish(problem.y.floats, rows: problem.rows, width: problem.width)))
    }

    private func matmul(_ key: MatmulKey) throws(CPUBackendError) -> OneDNNPrimitive {
        if let known = matmuls[key] { return known }
        let result = try OneDNNLayout([key.rows, key.width], dnnl_ab, key.result)
        var x = try OneDNNLayout([key.rows, key.inner], dnnl_ab, precision).descriptor
        var weight = try OneDNNLayout([key.inner, key.width], dnnl_format_tag_any, precision).descriptor
        var bias =
            key.hasBias ? try OneDNNLayout([1, key.width], dnnl_ab).descriptor : dnnl_memory_desc_t()
        var y = result.descriptor
        var operation = dnnl_matmul_desc_t()
        try OneDNNEngine.check(
            "dnnl_matmul_desc_init", dnnl_matmul_desc_init(&operation, &x, &weight, &bias, &y))
        var after = OneDNNProvider.postOperations(key.activation)
        if key.addsResidual { after.append(.add(result)) }
        let primitive = try OneDNNPrimitive(operation, OneDNNAttributes(after), engine)
        matmuls[key] = primitive
        return primitive
    }

    // MARK: Post-operations

    private static func postOperations(_ activation: Activation?) -> [OneDNNPostOperation] {
        switch activation {
        case nil: []
        case .silu: [.activation(dnnl_eltwise_swish, alpha: 1)]
        case .geluTanh: [.activation(dnnl_eltwise_gelu_tanh, alpha: 0)]
        case .gelu: [.activation(dnnl_eltwise_gelu_erf, alpha: 0)]
        case .geluSigmoid: [.activation(dnnl_eltwise_swish, alpha: 1.702)]
        }
    }

    /// `DNNL_ARG_ATTR_MULTIPLE_POST_OP(position) | DNNL_ARG_SRC_1`, a macro that Swift does not see.
    private static func postOperand(_ position: Int32) -> Int32 {
        DNNL_ARG_ATTR_MULTIPLE_POST_OP_BASE * (position + 1) | DNNL_ARG_SRC_1
    }
}
