import CShaders
import Graphs
import Tensors

/// Turns the nodes of a planned graph into calls of kernels.
struct KernelBuilder {
    let table: ValueTable
    let options: VulkanOptions
    let tuning: Tuning
    let features: DeviceFeatures
    let deviceName: String
    /// Where kernels that work in two steps keep what is between them.
    let scratch: Operand

    /// The calls for a node, in order.
    ///
    /// - Throws: `VulkanError.tooLarge` if the device has no room for the node, `.missingFeature` for a kernel that was
    ///   asked for and that the device cannot run.
    func dispatches(for node: Node, at index: Int) throws(VulkanError) -> [Dispatch] {
        guard !table.isView(node) else { return [] }
        let site = Site(node: node, index: index)
        let x = node.inputs.enumerated().map { position, value in
            table.operand(
                value,
                as: FixedValues.form(of: node.operation, position: position, weights: StorageType(options.weights)))
        }
        let y = table.operand(node.output)
        switch node.operation {
        case .linear(let linear): return try self.linear(linear, x, y, site)
        case .convolution2D(let convolution): return try self.convolution(convolution, x, y, site)
        case .attention(let attention): return [try self.attention(attention, x, y, site)]
        case .layerNorm(let norm): return [try layerNorm(norm, x, y, site)]
        case .rmsNorm(let norm): return [try rmsNorm(norm, x, y, site)]
        case .groupNorm(let norm): return try groupNorm(norm, x, y, site)
        case .modulate: return [try modulate(x, y, site)]
        case .activation(let activation): return [try activate(activation, x, y, site)]
        case .add: return [try broadcast(CS_ADD, x, y, site)]
        case .multiply: return [try broadcast(CS_MULTIPLY, x, y, site)]
        case .concatenate(let axis): return try concatenate(axis: axis, x, y, site)
        case .slice(let axis, let start, _): return [try slice(axis: axis, start: start, x, y, site)]
        case .reshape: return []
        case .transpose(let permutation): return [try transpose(permutation, x, y, site)]
        case .upsampleNearest(let factor): return [try upsample(factor: factor, x, y, site)]
        case .embedding: return [try embedding(x, y, site)]
        case .timestepEmbedding(let embedding): return [try timestep(embedding, x, y, site)]
        case .rotary(let axisCount): return [try rotary(axisCount: axisCount, x, y, site)]
        case .mean(let axis): return [try mean(axis: axis, x, y, site)]
        }
    }

    /// Bytes that a node needs in the scratch buffer.
    static func scratchByteCount(
        _ node: Node, in graph: Graph, _ options: VulkanOptions, _ tuning: Tuning, _ features: DeviceFeatures
    ) -> Int {
        let shape = graph[node.output].shape
        switch node.operation {
        case .groupNorm(let norm):
            return 8 * shape[0] * norm.groupCount * groupParts(pixels: shape[1] * shape[2])
        case .linear, .convolution2D:
            guard let problem = ProductProblem(node, in: graph) else { return 0 }
            let options = tuning.options(options, for: problem)
            var parts = ProductPlan(problem, options, features).split.count
            if let plan = WorkgroupPlan(problem, options, features) { parts = max(parts, plan.split.count) }
            // The integer kernel's rows in bytes, each with its scale.
            let isInteger = options.products == .integer && problem.window == nil
            let bytes = isInteger ? problem.rows * (problem.inner + 4) : 0
            return max(bytes, parts > 1 ? 4 * shape.elementCount * parts : 0)
        default: return 0
        }
    }

    /// A node and where it stands in the graph.
    struct Site {
        let node: Node
        let index: Int
    }

    // MARK: Calls

    /// Invocations of a workgroup that walks over elements.
    static let groupSize = 128

    /// A call.
    ///
    /// - Parameters:
    ///   - variant: of the shader; nil for the one that fits the types bound.
    ///   - constants: the shader's own specialization constants, numbered from zero.
    ///   - bindings: nil for what the arguments tell the shader not to read.
    func call<Arguments>(
        _ kernel: Kernel, variant: String? = nil, constants: [Int], _ bindings: [Operand?], _ arguments: Arguments,
        groups: (x: Int, y: Int, z: Int), _ site: Site
    ) throws(VulkanError) -> Dispatch {
        for (wanted, most) in zip([groups.x, groups.y, groups.z], features.maxWorkgroups) where wanted > most {
            throw .tooLarge(
                node: site.node.name, reason: "\(wanted) workgroups are more than \(deviceName) allows (\(most))")
        }
        let filler = bindings.lazy.compactMap { $0 }.first ?? scratch
        let bound = bindings.map { $0 ?? filler }
        let isWide = variant == nil && bindings.allSatisfy { ($0?.view.type ?? .float32) == .float32 }
        var values = constants.enumerated().map { number, value in
            PipelineKey.Constant(number: UInt32(number), value: UInt32(clamping: value))
        }
        if !isWide {
            values.append(PipelineKey.Constant(number: UInt32(CS_ROUNDING_CONSTANT), value: rounding(variant).code))
            for (number, operand) in bindings.enumerated() {
                let type = operand?.view.type ?? .float32
                values.append(
                    PipelineKey.Constant(number: UInt32(Int(CS_TYPE_CONSTANT) + number), value: type.code))
            }
        }
        let key = PipelineKey(
            shader: "\(kernel.rawValue)_\(variant ?? (isWide ? "wide" : "narrow"))", bindingCount: kernel.bindingCount,
            constants: values, subgroupSize: variant == MatrixUnit.cooperative ? features.subgroupSize : nil)
        return Dispatch(
            node: site.index, key: key, bindings: bound, result: kernel.result,
            arguments: withUnsafeBytes(of: arguments) { [UInt8]($0) }, groups: groups)
    }

    /// How kernels of a variant bring values to float16.
    private func rounding(_ variant: String?) -> HalfRounding {
        let wanted = options.rounding ?? (features.packsToNearest ? .packed : .conversions)
        let converts = [MatrixUnit.cooperative, WorkgroupPlan.real].contains(variant)
        let canConvert = converts && features.conversionsCanRound
        return wanted == .conversions && !canConvert ? .integers : wanted
    }

    /// A call with one invocation for each of `count` elements.
    func elementwise<Arguments>(
        _ kernel: Kernel, count: Int, _ bindings: [Operand?], _ arguments: Arguments, _ site: Site
    ) throws(VulkanError) -> Dispatch {
        try call(
            kernel, constants: [KernelBuilder.groupSize], bindings, arguments,
            groups: flat((count + KernelBuilder.groupSize - 1) / KernelBuilder.groupSize), site)
    }

    /// Workgroups in a row, folded where there are more than a row holds.
    func flat(_ count: Int) -> (x: Int, y: Int, z: Int) {
        let x = min(max(count, 1), features.maxWorkgroups[0], 32_768)
        return (x, (count + x - 1) / x, 1)
    }
}

extension HalfRounding {
    /// As in `ShaderArguments.h`.
    fileprivate var code: UInt32 {
        switch self {
        case .packed: UInt32(CS_PACKED)
        case .integers: UInt32(CS_IN_INTEGERS)
        case .conversions: UInt32(CS_CONVERTED)
        }
    }
}

extension Activation? {
    /// As in `ShaderArguments.h`.
    var code: UInt32 {
        switch self {
        case nil: UInt32(CS_IDENTITY)
        case .silu: UInt32(CS_SILU)
        case .geluTanh: UInt32(CS_GELU_TANH)
        case .gelu: UInt32(CS_GELU)
        case .geluSigmoid: UInt32(CS_GELU_SIGMOID)
        }
    }
}

/// A count or position as shaders take it; all of them fit, see `DeviceFeatures.valueLimit`.
func u32(_ value: Int) -> UInt32 { UInt32(clamping: value) }
