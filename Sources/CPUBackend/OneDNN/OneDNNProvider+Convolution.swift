import CKernels
import COneDNN

extension OneDNNProvider {
    /// What makes two convolutions the same primitive.
    struct ConvolutionKey: Hashable {
        let batch, height, width, channels, outputs, kernel, stride, padding: Int
        let hasBias: Bool
    }

    func convolution(_ problem: ConvolutionProblem) throws(CPUBackendError) -> any KernelStep {
        if let linear = problem.asLinear { return try self.linear(linear) }
        let key = ConvolutionKey(
            batch: problem.batch, height: problem.height, width: problem.width, channels: problem.channels,
            outputs: problem.outputs, kernel: problem.kernel, stride: problem.stride, padding: problem.padding,
            hasBias: problem.epilogue.bias != nil)
        let primitive: OneDNNPrimitive
        if let known = convolutions[key] { primitive = known } else { primitive = try makeConvolution(key) }
        convolutions[key] = primitive

        let pictures = try OneDNNLayout(
            [problem.batch, problem.channels, problem.height, problem.width], dnnl_nhwc,
            problem.x.elementType.layoutType)
        let results = try OneDNNLayout(
            [problem.batch, problem.outputs, problem.outputHeight, problem.outputWidth], dnnl_nhwc)
        let kernels = try OneDNNLayout(
            [problem.outputs, problem.channels, problem.kernel, problem.kernel], dnnl_oihw)
        let x = try prepared(problem.x.base, pictures, as: primitive.layout(dnnl_query_src_md))
        let weight = try prepared(problem.weight, kernels, as: primitive.layout(dnnl_query_weights_md))
        var arguments: [(Int32, OneDNNMemory)] = [(DNNL_ARG_SRC, x.memory), (DNNL_ARG_WEIGHTS, weight.memory)]
        if let bias = problem.epilogue.bias {
            arguments.append(
                (DNNL_ARG_BIAS, try .init(reading: bias, primitive.layout(dnnl_query_weights_md, 1), engine)))
        }
        var calls = x.calls + weight.calls
        var between = x.between + weight.between
        let y = try OneDNNMemory(results, engine, problem.y)
        let made = primitive.layout(dnnl_query_dst_md)
        if made == results {
            calls.append(.init(primitive, arguments + [(DNNL_ARG_DST, y)]))
        } else {
            let result = try OneDNNMemory(made, engine, nil)
            between.append(result)
            let copy = try OneDNNPrimitive(reorderFrom: made, to: results, OneDNNAttributes(), engine)
            calls.append(.init(primitive, arguments + [(DNNL_ARG_DST, result)]))
            calls.append(.init(copy, [(DNNL_ARG_FROM, result), (DNNL_ARG_TO, y)]))
        }
        var epilogue = problem.epilogue
        epilogue.bias = nil
        return try OneDNNStep(
            engine, calls, between: between, owned: x.owned + weight.owned,
            finish: epilogue.isEmpty
                ? nil
                : (team, epilogue.finish(problem.y, rows: problem.outputPixelCount, width: problem.outputs)))
    }

    private func makeConvolution(_ key: ConvolutionKey) throws(CPUBackendError) -> OneDNNPrimitive {
        // Tiles of bfloat16 are several times faster than Winograd in float32; without them Winograd is faster.
        let isTiled = otherPrecision == .bfloat16 && OneDNNProvider.hasMatrixTiles
        if !isTiled, let winograd = winogradConvolution(key) { return winograd }
        return try convolution(key, dnnl_convolution_direct, dnnl_nhwc, otherPrecision)
    }

    /// Winograd's algorithm (arXiv 1509.09308), in float32 and in a blocked layout, where that is faster: 1.8 to 2.5 times on
    /// 64 to 128 channels, the copies to and from that layout counted. Its relative error is 1.5e-6.
    ///
    /// oneDNN never chooses it by itself (`dnnl_convolution_auto`), and has it for AVX-512 alone.
    private func winogradConvolution(_ key: ConvolutionKey) -> OneDNNPrimitive? {
        // The blocks hold 16 channels; on few channels the transforms outweigh the products.
        guard key.kernel == 3, key.stride == 1, key.padding == 1, key.channels % 16 == 0, key.outputs % 16 == 0,
            key.channels >= 32, key.outputs >= 32
        else { return nil }
        // "No implementation" is an answer here, not a failure.
        return try? convolution(key, dnnl_convolution_winograd, dnnl_format_tag_any, .float32)
    }

    private func convolution(
        _ key: ConvolutionKey, _ algorithm: dnnl_alg_kind_t, _ tag: dnnl_format_tag_t, _ precision: ProductPrecision
    ) throws(CPUBackendError) -> OneDNNPrimitive {
        let height = (key.height + 2 * key.padding - key.kernel) / key.stride + 1
        let width = (key.width + 2 * key.padding - key.kernel) / key.stride + 1
        var x = try OneDNNLayout([key.batch, key.channels, key.height, key.width], tag, precision.leftType).descriptor
        var weight = try OneDNNLayout(
            [key.outputs, key.channels, key.kernel, key.kernel], dnnl_format_tag_any, precision.weightType
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
}
