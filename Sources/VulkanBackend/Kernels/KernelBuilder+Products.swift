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

    /// What both have in common.
    private struct Product {
        let x: Operand
        let weight: Operand
        let y: Operand
        var arguments: cs_product
        var bias: Operand?
        var residual: Operand?
        var gate: Operand?
        var scales: Operand?
    }

    private func product(_ kernel: Kernel, _ product: Product, _ site: Site) throws(VulkanError) -> [Dispatch] {
        var arguments = product.arguments
        var flags: Int32 = 0
        if product.bias != nil { flags |= CS_HAS_BIAS }
        if product.residual != nil { flags |= CS_HAS_RESIDUAL }
        if product.gate != nil { flags |= CS_HAS_GATE }
        arguments.flags = UInt32(flags)
        arguments.x_offset = u32(product.x.offset)
        arguments.weight_offset = u32(product.weight.offset)
        arguments.bias_offset = u32(product.bias?.offset ?? 0)
        arguments.residual_offset = u32(product.residual?.offset ?? 0)
        arguments.gate_offset = u32(product.gate?.offset ?? 0)
        arguments.scale_offset = u32(product.scales?.offset ?? 0)
        arguments.y_offset = u32(product.y.offset)
        arguments.gate_rows = max(1, arguments.gate_rows)
        let bindings = [
            product.x, product.weight, product.bias, product.residual, product.gate, product.scales, product.y,
        ]
        let (rows, columns) = (Int(arguments.rows), Int(arguments.columns))
        if options.products == .integer, kernel == .product, isInWords(product, arguments) {
            return try integerProduct(product, arguments, bindings, site)
        }
        let plan = ProductPlan(rows: rows, columns: columns, inner: Int(arguments.inner), options, features)
        arguments.splits = u32(plan.split.count)
        arguments.stretch = u32(plan.split.stretch)
        func constants(_ flags: Int32) -> [Int] {
            // A convolution's window may lie outside at any depth.
            let isWhole = kernel == .product && Int(arguments.inner) % plan.turn == 0
            return plan.constants + eightsConstants(product, arguments, flags) + [plan.ahead, isWhole ? 1 : 0]
        }
        guard plan.split.count > 1 else {
            return [
                try call(
                    kernel, variant: plan.variant, constants: constants(flags), bindings, arguments,
                    groups: plan.groups, site)
            ]
        }
        var parts = arguments
        parts.flags = UInt32(CS_IS_PARTIAL)
        parts.y_offset = u32(scratch.offset)
        var sums = arguments
        sums.x_offset = u32(scratch.offset)
        return [
            try call(
                kernel, variant: plan.variant, constants: constants(CS_IS_PARTIAL),
                [product.x, product.weight, nil, nil, nil, nil, scratch], parts, groups: plan.groups, site),
            try elementwise(.productSum, count: rows * columns, [scratch] + bindings.dropFirst(), sums, site),
        ]
    }

    /// Whether the weight is bytes in words that never straddle a row, and no sum of them can leave 32 bits.
    private func isInWords(_ product: Product, _ arguments: cs_product) -> Bool {
        product.weight.view.type == .int8 && product.scales != nil && arguments.inner % 4 == 0
            && product.weight.offset % 4 == 0 && arguments.inner <= 1 << 17
    }

    /// First the rows of x as bytes, with their scales behind them; then the product.
    private func integerProduct(
        _ product: Product, _ wanted: cs_product, _ bindings: [Operand?], _ site: Site
    ) throws(VulkanError) -> [Dispatch] {
        let (rows, columns, words) = (Int(wanted.rows), Int(wanted.columns), Int(wanted.inner) / 4)
        var arguments = wanted
        arguments.x_offset = u32(scratch.offset)
        arguments.x_scale_offset = u32(scratch.offset + rows * words)
        arguments.splits = 1
        arguments.stretch = arguments.inner
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
                .product, variant: "integer", constants: tile.constants, [scratch] + bindings.dropFirst(), arguments,
                groups: ProductPlan.folded(across: across, down: down), site),
        ]
    }

    /// Whether x and the weight lie in eights that never straddle a row; what follows the product; and whether that can be
    /// done in eights as well.
    private func eightsConstants(_ product: Product, _ arguments: cs_product, _ flags: Int32) -> [Int] {
        // Of a plain product: the row; of a convolution: the channels of a pixel.
        let width = arguments.channels > 0 ? arguments.channels : arguments.inner
        let isPacked = width % 8 == 0 && arguments.weight_channel_stride <= 1
        let x = isPacked && product.x.offset % 8 == 0 && arguments.x_stride % 8 == 0
        let weight = isPacked && product.weight.offset % 8 == 0
        let others = [product.bias, product.residual, product.gate, product.scales, product.y]
        let result =
            arguments.columns % 8 == 0 && arguments.gate_stride % 8 == 0
            && others.allSatisfy { ($0?.offset ?? 0) % 8 == 0 }
        return [x ? 1 : 0, weight ? 1 : 0, Int(flags), Int(arguments.activation), result ? 1 : 0]
    }
}

extension Convolution2D {
    /// Whether it is a plain product of the pixels: of a window of one pixel no position has to be worked out.
    func isPlain(kernel: Int) -> Bool { kernel == 1 && stride == 1 && padding == 0 }
}
