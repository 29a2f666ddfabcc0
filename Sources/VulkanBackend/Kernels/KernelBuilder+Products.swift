import CShaders
import Graphs
import Tensors

extension KernelBuilder {
    /// x [..., in], weight [out, in], bias [out], residual [..., out], gate [B, out] → [..., out]
    func linear(_ linear: Linear, _ x: [Operand], _ y: Operand, _ site: Site) throws(VulkanError) -> [Dispatch] {
        var arguments = cs_product()
        arguments.rows = u32(y.rowCount)
        arguments.inner = u32(x[0].width)
        arguments.columns = u32(y.width)
        arguments.x_stride = u32(x[0].rowStride)
        var product = Product(x: x[0], weight: x[1], y: y, arguments: arguments)
        if linear.hasBias { product.bias = x[2] }
        let rest = Array(x.dropFirst(linear.hasBias ? 3 : 2))
        if linear.epilogue != .none { product.residual = rest.first }
        if linear.epilogue == .gatedResidual, let gate = rest.last {
            product.gate = gate
            product.arguments.gate_rows = u32(y.shape[1])
            product.arguments.gate_stride = u32(gate.rowStride)
        }
        product.arguments.activation = linear.activation.code
        product.scales = table.scales(of: site.node.inputs[1], as: .matrix(StorageType(options.weights)))
        return try self.product(.product, product, site)
    }

    /// x [B, H, W, C], weight [out, in, k, k], bias [out], residual as the result → [B, H', W', out]
    func convolution(
        _ convolution: Convolution2D, _ x: [Operand], _ y: Operand, _ site: Site
    ) throws(VulkanError) -> [Dispatch] {
        let (picture, kernel) = (x[0].shape, x[1].shape[2])
        let isPlain = convolution.isPlain(kernel: kernel)
        var arguments = cs_product()
        arguments.rows = u32(y.rowCount)
        arguments.inner = u32(picture[3] * kernel * kernel)
        arguments.columns = u32(y.width)
        if isPlain {
            arguments.x_stride = u32(picture[3])
        } else {
            arguments.channels = u32(picture[3])
        }
        arguments.height = u32(picture[1])
        arguments.width = u32(picture[2])
        arguments.output_height = u32(y.shape[1])
        arguments.output_width = u32(y.shape[2])
        arguments.kernel = u32(kernel)
        arguments.stride = u32(convolution.stride)
        arguments.padding = u32(convolution.padding)
        // Fixed weights were turned; those that a run gives lie as PyTorch has them.
        let isTurned = table.isFixed(site.node.inputs[1])
        arguments.weight_tap_stride = isTurned ? u32(picture[3]) : 1
        arguments.weight_channel_stride = isTurned ? 1 : u32(kernel * kernel)
        arguments.activation = convolution.activation.code
        var product = Product(x: x[0], weight: x[1], y: y, arguments: arguments)
        if convolution.hasBias { product.bias = x[2] }
        if convolution.hasResidual { product.residual = x.last }
        product.scales = table.scales(of: site.node.inputs[1], as: .kernel(StorageType(options.weights)))
        return try self.product(isPlain ? .product : .convolution, product, site)
    }

    private func product(_ kernel: Kernel, _ product: Product, _ site: Site) throws(VulkanError) -> [Dispatch] {
        if options.products == .integer, kernel == .product, product.isInWords {
            return try integerProduct(product, site)
        }
        let arguments = product.arguments
        let problem = ProductProblem(
            product.y.shape, weight: product.weight.shape, isConvolution: kernel == .convolution)
        let options = tuning.options(options, for: problem)
        if product.isInTensors, let plan = WorkgroupPlan(problem, options, features) {
            return try calls(of: kernel, product, plan.split, plan.groups, variant: plan.variant, site) { flags in
                plan.constants(flags: flags, activation: arguments.activation)
            }
        }
        let plan = ProductPlan(problem, options, features)
        let eights = product.eights
        // A convolution's window may lie outside at any depth.
        let isWhole = kernel == .product && problem.inner % plan.turn == 0
        return try calls(of: kernel, product, plan.split, plan.groups, variant: plan.variant, site) { flags in
            plan.constants + [eights.x ? 1 : 0, eights.weight ? 1 : 0, Int(flags), Int(arguments.activation)]
                + [eights.result ? 1 : 0, plan.ahead, isWhole ? 1 : 0, plan.tiles]
        }
    }

    /// One call, or one for all parts of the depth and one that adds them up.
    ///
    /// - Parameter constants: by what follows the sums.
    private func calls(
        of kernel: Kernel, _ product: Product, _ split: ProductSplit, _ groups: (x: Int, y: Int, z: Int),
        variant: String?, _ site: Site, constants: (Int32) -> [Int]
    ) throws(VulkanError) -> [Dispatch] {
        var arguments = product.completeArguments
        arguments.splits = u32(split.count)
        arguments.stretch = u32(split.stretch)
        guard split.count > 1 else {
            return [
                try call(
                    kernel, variant: variant, constants: constants(product.flags), product.bindings, arguments,
                    groups: groups, site)
            ]
        }
        var parts = arguments
        parts.flags = UInt32(CS_IS_PARTIAL)
        parts.y_offset = u32(scratch.offset)
        var sums = arguments
        sums.x_offset = u32(scratch.offset)
        return [
            try call(
                kernel, variant: variant, constants: constants(CS_IS_PARTIAL),
                [product.x, product.weight, nil, nil, nil, nil, scratch], parts, groups: groups, site),
            try elementwise(
                .productSum, count: Int(arguments.rows * arguments.columns), [scratch] + product.bindings.dropFirst(),
                sums, site),
        ]
    }

    /// First the rows of x as bytes, with their scales behind them; then the product.
    private func integerProduct(_ product: Product, _ site: Site) throws(VulkanError) -> [Dispatch] {
        let wanted = product.completeArguments
        let (rows, columns, words) = (Int(wanted.rows), Int(wanted.columns), Int(wanted.inner) / 4)
        var arguments = wanted
        arguments.x_offset = u32(scratch.offset)
        arguments.x_scale_offset = u32(scratch.offset + rows * words)
        let rounding = cs_quantize(
            rows: wanted.rows, width: wanted.inner, x_offset: wanted.x_offset, x_stride: wanted.x_stride,
            y_offset: arguments.x_offset, scale_offset: arguments.x_scale_offset)
        let tile = IntegerTile(rows: rows, columns: columns, features)
        let (across, down) = (
            (columns + tile.columns - 1) / tile.columns, (rows + tile.rows - 1) / tile.rows
        )
        return [
            try call(
                .quantize, constants: [KernelBuilder.groupSize], [product.x, scratch], rounding, groups: flat(rows),
                site),
            try call(
                .product, variant: "integer", constants: tile.constants, [scratch] + product.bindings.dropFirst(),
                arguments, groups: ProductPlan.folded(across: across, down: down), site),
        ]
    }
}

extension Convolution2D {
    /// Whether it is a plain product of the pixels: of a window of one pixel no position has to be worked out.
    func isPlain(kernel: Int) -> Bool { kernel == 1 && stride == 1 && padding == 0 }
}
