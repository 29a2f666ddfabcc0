import CKernels
import COneDNN
import Graphs
import Tensors

extension OneDNNProvider {
    /// What makes two products the same primitive.
    struct ProductKey: Hashable {
        let rows, inner, width: Int
        var hasBias = false
        var activation: Activation?
        var addsResidual = false
        let precision: ProductPrecision
        let result: ElementType
    }

    func linear(_ problem: LinearProblem) throws(CPUBackendError) -> any KernelStep {
        if case .fixed(let weight) = problem.weight, takesBytes(problem) {
            return try OneDNNByteStep(problem, weight, self)
        }
        // A gate is no post-operation of a two-dimensional product; the whole epilogue then is ours.
        let isFused = problem.epilogue.gate == nil
        let key = ProductKey(
            rows: problem.rows, inner: problem.inner, width: problem.width,
            hasBias: problem.epilogue.bias != nil, activation: isFused ? problem.epilogue.activation : nil,
            addsResidual: isFused && problem.epilogue.residual != nil,
            precision: precision == .int8 ? .float32 : precision, result: problem.y.elementType)
        let primitive = try product(key)
        let x = try prepared(
            problem.x.base, OneDNNLayout([problem.rows, problem.inner], dnnl_ab, problem.x.elementType.layoutType),
            as: primitive.layout(dnnl_query_src_md))
        // PyTorch's [outputs, in] is the transpose of the [in, outputs] that a product wants.
        let weight = try prepared(
            problem.weight, OneDNNLayout([problem.inner, problem.width], dnnl_ba),
            as: primitive.layout(dnnl_query_weights_md))
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

    /// Whether a layer of fixed weights is computed in bytes: one that is large enough for its time to count. Those of time and
    /// guidance, of a row a picture however many share a batch, and those at the latent's edge stay float32: they cost nothing, and
    /// all else hangs on them.
    private func takesBytes(_ problem: LinearProblem) -> Bool {
        precision == .int8 && problem.rows >= (problem.isOfTokens ? 8 : OneDNNProvider.largestBatch + 1)
            && problem.inner >= 64 && problem.width >= 64
    }

    /// More pictures than share a batch, or steps a window.
    private static let largestBatch = 32

    func product(_ key: ProductKey) throws(CPUBackendError) -> OneDNNPrimitive {
        if let known = products[key] { return known }
        let primitive = try OneDNNProvider.makeProduct(key, engine)
        products[key] = primitive
        return primitive
    }

    /// A product for as many threads as the team has now.
    static func makeProduct(_ key: ProductKey, _ engine: OneDNNEngine) throws(CPUBackendError) -> OneDNNPrimitive {
        let result = try OneDNNLayout([key.rows, key.width], dnnl_ab, key.result.layoutType)
        var x = try OneDNNLayout([key.rows, key.inner], dnnl_ab, key.precision.leftType).descriptor
        var weight = try OneDNNLayout([key.inner, key.width], dnnl_format_tag_any, key.precision.weightType).descriptor
        var bias =
            key.hasBias ? try OneDNNLayout([1, key.width], dnnl_ab).descriptor : dnnl_memory_desc_t()
        var y = result.descriptor
        var operation = dnnl_matmul_desc_t()
        try OneDNNEngine.check(
            "dnnl_matmul_desc_init", dnnl_matmul_desc_init(&operation, &x, &weight, &bias, &y))
        var after = postOperations(key.activation)
        if key.addsResidual { after.append(.add(result)) }
        return try OneDNNPrimitive(operation, OneDNNAttributes(after), engine)
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
