import CShaders

/// The operands of a matrix product, and the arguments that its kernels take.
struct Product {
    let x: Operand
    let weight: Operand
    let y: Operand
    var arguments: cs_product
    var bias: Operand?
    var residual: Operand?
    var gate: Operand?
    var scales: Operand?

    /// In the order of the kernels' bindings.
    var bindings: [Operand?] { [x, weight, bias, residual, gate, scales, y] }

    /// What follows the sums.
    var flags: Int32 {
        (bias == nil ? 0 : CS_HAS_BIAS) | (residual == nil ? 0 : CS_HAS_RESIDUAL) | (gate == nil ? 0 : CS_HAS_GATE)
    }

    /// The arguments with flags and offsets, of a product in one part.
    var completeArguments: cs_product {
        var arguments = arguments
        arguments.flags = UInt32(flags)
        arguments.x_offset = u32(x.offset)
        arguments.weight_offset = u32(weight.offset)
        arguments.bias_offset = u32(bias?.offset ?? 0)
        arguments.residual_offset = u32(residual?.offset ?? 0)
        arguments.gate_offset = u32(gate?.offset ?? 0)
        arguments.scale_offset = u32(scales?.offset ?? 0)
        arguments.y_offset = u32(y.offset)
        arguments.gate_rows = max(1, arguments.gate_rows)
        arguments.splits = 1
        arguments.stretch = arguments.inner
        return arguments
    }

    /// What lies in eights that never straddle a row: x, the weight, and the result with all that goes into it.
    var eights: (x: Bool, weight: Bool, result: Bool) {
        // Of a plain product: the row; of a convolution: the channels of a pixel.
        let width = arguments.channels > 0 ? arguments.channels : arguments.inner
        let isPacked = width % 8 == 0 && arguments.weight_channel_stride <= 1
        let others = [bias, residual, gate, scales, y]
        return (
            isPacked && x.offset % 8 == 0 && arguments.x_stride % 8 == 0, isPacked && weight.offset % 8 == 0,
            arguments.columns % 8 == 0 && arguments.gate_stride % 8 == 0
                && others.allSatisfy { ($0?.offset ?? 0) % 8 == 0 }
        )
    }

    /// Whether the weight is bytes in words that never straddle a row, and no sum of them can leave 32 bits.
    var isInWords: Bool {
        weight.view.type == .int8 && scales != nil && arguments.inner % 4 == 0 && weight.offset % 4 == 0
            && arguments.inner <= 1 << 17
    }

    /// Whether kernels that load and store tensors take it: float16 in eights, and windows that move by one pixel.
    var isInTensors: Bool {
        let halves = [x, weight, residual].allSatisfy { $0 == nil || $0?.view.type == .float16 }
        return halves && [.float16, .float32].contains(y.view.type) && eights == (true, true, true)
            && arguments.stride <= 1
    }
}
