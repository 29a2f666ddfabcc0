import Diffusion

/// The uniform quantizer of one channel: value = offset + q·quantum with quantum = step·scale.
///
/// The product of a 16-bit integer and a `Float` is exact in `Double`, so decoding rounds only at the sum
/// and at the conversion to `Float`, alike on every machine.
struct ChannelQuantizer {
    /// The channel's mean.
    let offset: Float
    /// The channel's standard deviation; 0 for a channel that is constant.
    let scale: Float
    private let quantum: Double

    /// Nil if a number is not finite, or a scale is negative: no encoder writes that.
    init?(offset: Float, scale: Float, step: Float) {
        let quantum = step * scale
        guard offset.isFinite, scale.isFinite, scale >= 0, quantum.isFinite else { return nil }
        self.offset = offset
        self.scale = scale
        self.quantum = Double(quantum)
    }

    /// The quantizer for these finite values; nil if they lie too far apart for `step`.
    ///
    /// A channel whose quantum would be below the smallest normal number counts as constant.
    init?(fitting values: some Collection<Float>, step: Float) {
        let count = Double(values.count)
        let mean = values.reduce(0) { $0 + Double($1) } / count
        let variance = values.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / count
        let scale = Float(variance.squareRoot())
        let isConstant = step * scale < .leastNormalMagnitude
        self.init(offset: Float(mean), scale: isConstant ? 0 : scale, step: step)
    }

    /// The nearest q; nil if it needs more than 16 bits or stands for an infinite value.
    func quantize(_ value: Float) -> Int16? {
        guard quantum > 0 else { return 0 }
        let nearest = ((Double(value) - Double(offset)) / quantum).rounded(.toNearestOrEven)
        guard abs(nearest) <= 32767 else { return nil }
        let q = Int16(nearest)
        return dequantize(q).isFinite ? q : nil
    }

    func dequantize(_ q: Int16) -> Float {
        Float(Double(offset) + Double(q) * quantum)
    }
}
