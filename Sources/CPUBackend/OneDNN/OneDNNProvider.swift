import CKernels
import COneDNN
import Graphs

/// Matrix products and convolutions by oneDNN: weights packed once in the layout that the library chooses.
final class OneDNNProvider: MatrixProvider {
    let engine: OneDNNEngine
    let team: ck_team
    private var matmuls: [MatmulKey: OneDNNPrimitive] = [:]
    private var convolutions: [ConvolutionKey: [OneDNNPrimitive]] = [:]

    init(team: ck_team) throws(CPUBackendError) {
        engine = try OneDNNEngine()
        self.team = team
    }

    let packsWeights = true

    var gemm: ck_gemm {
        { transposeA, transposeB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc in
            let status = dnnl_sgemm(transposeA, transposeB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
            return Int32(status.rawValue)
        }
    }

    // MARK: Linear

    private struct MatmulKey: Hashable {
        let rows, inner, width: Int
        let hasBias: Bool
        let activation: Activation?
        let addsResidual: Bool
    }

    func linear(_ problem: LinearProblem) throws(CPUBackendError) -> any KernelStep {
        // A gate is no post-operation of a two-dimensional product; the whole epilogue then is ours.
        let isFused = problem.epilogue.gate == nil
        let key = MatmulKey(
            rows: problem.rows, inner: problem.inner, width: problem.width,
            hasBias: problem.epilogue.bias != nil, activation: isFused ? problem.epilogue.activation : nil,
            addsResidual: isFused && problem.epilogue.residual != nil)
        let primitive = try matmul(key)
        var arguments: [(Int32, OneDNNMemory)] = [
            (DNNL_ARG_SRC, try .init(reading: problem.x, primitive.layout(dnnl_query_src_md), engine)),
            (DNNL_ARG_DST, try .init(primitive.layout(dnnl_query_dst_md), engine, problem.y)),
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
        // PyTorch's [outputs, in] is the transpose of the [in, outputs] that a product wants.
        let given = try OneDNNLayout([problem.inner, problem.width], dnnl_ba)
        let packing = try packed(problem.weight, given, for: primitive)
        arguments.append((DNNL_ARG_WEIGHTS, packing.memory))
        var epilogue = problem.epilogue
        epilogue.bias = nil
        return try OneDNNStep(
            engine, packing.calls + [.init(primitive, arguments)], between: packing.between, owned: packing.owned,
            finish: isFused
                ? nil : (team, epilogue.finish(problem.y, rows: problem.rows, width: problem.width)))
    }

    private func matmul(_ key: MatmulKey) throws(CPUBackendError) -> OneDNNPrimitive {
        if let known = matmuls[key] { return known }
        let result = try OneDNNLayout([key.rows, key.width], dnnl_ab)
        var x = try OneDNNLayout([key.rows, key.inner], dnnl_ab).descriptor
        var weight = try OneDNNLayout([key.inner, key.width], dnnl_format_tag_any).descriptor
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

    // MARK: Convolution

    private struct ConvolutionKey: Hashable {
        let batch, height, width, channels, outputs, kernel, stride, padding: Int
        let hasBias: Bool
    }

    func convolution(_ problem: ConvolutionProblem) throws(CPUBackendError) -> any KernelStep {
        if let linear = problem.asLinear { return try self.linear(linear) }
        // [primitive] or [to the library's layout, primitive, back]
        let key = ConvolutionKey(
            batch: problem.batch, height: problem.height, width: problem.width, channels: problem.channels,
            outputs: problem.outputs, kernel: problem.kernel, stride: problem.stride, padding: problem.padding,
            hasBias: problem.epilogue.bias != nil)
        let primitives: [OneDNNPrimitive]
        if let known = convolutions[key] { primitives = known } else { primitives = try makeConvolution(key) }
        convolutions[key] = primitives
        let primitive = primitives[primitives.count / 2]

        let pictures = try OneDNNLayout(
            [problem.batch, problem.channels, problem.height, problem.width], dnnl_nhwc)
        let results = try OneDNNLayout(
            [problem.batch, problem.outputs, problem.outputHeight, problem.outputWidth], dnnl_nhwc)
        let x = try OneDNNMemory(reading: problem.x, pictures, engine)
        let y = try OneDNNMemory(results, engine, problem.y)
        let given = try OneDNNLayout(
            [problem.outputs, problem.channels, problem.kernel, problem.kernel], dnnl_oihw)
        let packing = try packed(problem.weight, given, for: primitive)
        var arguments: [(Int32, OneDNNMemory)] = [(DNNL_ARG_WEIGHTS, packing.memory)]
        if let bias = problem.epilogue.bias {
            arguments.append(
                (DNNL_ARG_BIAS, try .init(reading: bias, primitive.layout(dnnl_query_weights_md, 1), engine)))
        }
        var epilogue = problem.epilogue
        epilogue.bias = nil
        let finish: (ck_team, ck_finish_args)? =
            epilogue.isEmpty
            ? nil
            : (team, epilogue.finish(problem.y, rows: problem.outputPixelCount, width: problem.outputs))
        guard primitives.count == 3 else {
            arguments += [(DNNL_ARG_SRC, x), (DNNL_ARG_DST, y)]
            return try OneDNNStep(
                engine, packing.calls + [.init(primitive, arguments)], between: packing.between,
                owned: packing.owned, finish: finish)
        }
        let inside = try OneDNNMemory(primitive.layout(dnnl_query_src_md), engine, nil)
        let outside = try OneDNNMemory(primitive.layout(dnnl_query_dst_md), engine, nil)
        arguments += [(DNNL_ARG_SRC, inside), (DNNL_ARG_DST, outside)]
        return try OneDNNStep(
            engine,
            packing.calls + [
                .init(primitives[0], [(DNNL_ARG_FROM, x), (DNNL_ARG_TO, inside)]),
                .init(primitive, arguments),
                .init(primitives[2], [(DNNL_ARG_FROM, outside), (DNNL_ARG_TO, y)]),
            ],
            between: packing.between + [inside, outside], owned: packing.owned, finish: finish)
    }

    private func makeConvolution(_ key: ConvolutionKey) throws(CPUBackendError) -> [OneDNNPrimitive] {
        if key.kernel == 3, key.stride == 1, key.padding == 1, let winograd = try winogradConvolution(key) {
            return winograd
        }
        return [try convolution(key, dnnl_convolution_direct, dnnl_nhwc)]
    }

    /// Winograd's algorithm (arXiv 1509.09308) with copies to and from the blocked layout that it needs, where
    /// that is faster: 1.8 to 2.5 times on 64 to 128 channels, copies counted. Its relative error is 1.5e-6.
    ///
    /// oneDNN never chooses it by itself (`dnnl_convolution_auto`), and has it for AVX-512 alone.
    private func winogradConvolution(_ key: ConvolutionKey) throws(CPUBackendError) -> [OneDNNPrimitive]? {
        // The blocks hold 16 channels; on few channels the transforms outweigh the products.
        guard key.channels % 16 == 0, key.outputs % 16 == 0, key.channels >= 32, key.outputs >= 32 else {
            return nil
        }
        // "No implementation" is an answer here, not a failure.
        guard let primitive = try? convolution(key, dnnl_convolution_winograd, dnnl_format_tag_any) else {
            return nil
        }
        let pictures = try OneDNNLayout([key.batch, key.channels, key.height, key.width], dnnl_nhwc)
        let results = try OneDNNLayout([key.batch, key.outputs, key.height, key.width], dnnl_nhwc)
        let plain = try OneDNNAttributes()
        return [
            try OneDNNPrimitive(
                reorderFrom: pictures, to: primitive.layout(dnnl_query_src_md), plain, engine),
            primitive,
            try OneDNNPrimitive(
                reorderFrom: primitive.layout(dnnl_query_dst_md), to: results, plain, engine),
        ]
    }

    private func convolution(
        _ key: ConvolutionKey, _ algorithm: dnnl_alg_kind_t, _ tag: dnnl_format_tag_t
    ) throws(CPUBackendError) -> OneDNNPrimitive {
        let height = (key.height + 2 * key.padding - key.kernel) / key.stride + 1
        let width = (key.width + 2 * key.padding - key.kernel) / key.stride + 1
        var x = try OneDNNLayout([key.batch, key.channels, key.height, key.width], tag).descriptor
        var weight = try OneDNNLayout(
            [key.outputs, key.channels, key.kernel, key.kernel], dnnl_format_tag_any
        ).descriptor
        var bias = key.hasBias ? try OneDNNLayout([key.outputs], dnnl_a).descriptor : dnnl_memory_desc_t()
        var y = try OneDNNLayout([key.batch, key.outputs, height, width], tag).descriptor
        var operation = dnnl_convolution_desc_t()
        let (strides, padding) = (
            OneDNNLayout.padded([key.stride, key.stride]), OneDNNLayout.padded([key.padding, key.padding])
        )
        try OneDNNEngine.check(
            "dnnl_convolution_forward_desc_init",
            dnnl_convolution_forward_desc_init(
                &operation, dnnl_forward_inference, algorithm, &x, &weight, &bias, &y, strides, padding, padding))
        return try OneDNNPrimitive(operation, OneDNNAttributes(), engine)
    }

    // MARK: Weights

    private struct Packing {
        let memory: OneDNNMemory
        var calls: [OneDNNStep.Call] = []
        var between: [OneDNNMemory] = []
        var owned: [AlignedMemory] = []
    }

    /// A weight in the layout that `primitive` chose: now if it never changes, else as a call at every run.
    private func packed(
        _ weight: Weight, _ given: OneDNNLayout, for primitive: OneDNNPrimitive
    ) throws(CPUBackendError) -> Packing {
        let wanted = primitive.layout(dnnl_query_weights_md)
        let source = try OneDNNMemory(reading: weight.values, given, engine)
        if wanted == given, !weight.isFixed { return Packing(memory: source) }
        let copy = try OneDNNPrimitive(reorderFrom: given, to: wanted, OneDNNAttributes(), engine)
        guard weight.isFixed else {
            let memory = try OneDNNMemory(wanted, engine, nil)
            let call = OneDNNStep.Call(copy, [(DNNL_ARG_FROM, source), (DNNL_ARG_TO, memory)])
            return Packing(memory: memory, calls: [call], between: [memory])
        }
        let packed = AlignedMemory(byteCount: wanted.byteCount)
        let memory = try OneDNNMemory(wanted, engine, packed.base)
        var step = try OneDNNStep(
            engine, [.init(copy, [(DNNL_ARG_FROM, source), (DNNL_ARG_TO, memory)])])
        let scratch = AlignedMemory(byteCount: step.scratchByteCount)
        try step.bind(scratch: scratch.base)
        try step.execute()
        return Packing(memory: memory, owned: [packed])
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
