import Graphs
import Tensors

/// How a fixed value is laid out on the device.
enum WeightForm: Hashable {
    /// As it is: float32 or int32.
    case plain
    /// Rows of a product's right factor, [out, in].
    case matrix(StorageType)
    /// A convolution's kernel turned from [out, in, k, k] to [out, k, k, in], as pictures have channels innermost.
    case kernel(StorageType)

    var storage: StorageType {
        switch self {
        case .plain: .float32
        case .matrix(let storage), .kernel(let storage): storage
        }
    }

    var code: String {
        switch self {
        case .plain: "plain"
        case .matrix(let storage): "matrix/\(storage.rawValue)"
        case .kernel(let storage): "kernel/\(storage.rawValue)"
        }
    }

    /// The bytes for the device, and the scale of each output channel for int8.
    ///
    /// - Parameters:
    ///   - info: shape and type of the value as the graph sees it; the tensor may be a reshape of that.
    ///   - first: where in the tensor the value begins, if it is but a stretch of it.
    func pack(_ tensor: Tensor, as info: ValueInfo, from first: Int = 0) -> (bytes: [UInt8], scales: [Float]) {
        let range = first..<first + info.shape.elementCount
        if info.elementType == .int32 { return (Array(bytes(tensor)[4 * range.lowerBound..<4 * range.upperBound]), []) }
        var values = tensor.floats()
        if range.count < values.count { values = Array(values[range]) }
        if case .kernel = self { values = WeightForm.channelsInnermost(values, info.shape) }
        switch storage {
        case .float32: return (values.withUnsafeBytes { [UInt8]($0) }, [])
        case .float16: return (bytes(Tensor(info.shape, rounding: values, to: .float16)), [])
        case .bfloat16: return (bytes(Tensor(info.shape, rounding: values, to: .bfloat16)), [])
        case .int8: return WeightForm.quantized(values, rowCount: info.shape.rank == 0 ? 1 : info.shape[0])
        }
    }

    private func bytes(_ tensor: Tensor) -> [UInt8] { tensor.withBytes { [UInt8]($0) } }

    /// [out, in, k, k] → [out, k, k, in]
    private static func channelsInnermost(_ values: [Float], _ shape: Shape) -> [Float] {
        guard shape.rank == 4 else { return values }
        let (outputs, channels, taps) = (shape[0], shape[1], shape[2] * shape[3])
        return [Float](unsafeUninitializedCapacity: values.count) { target, count in
            for output in 0..<outputs {
                for channel in 0..<channels {
                    for tap in 0..<taps {
                        target[(output * taps + tap) * channels + channel] =
                            values[(output * channels + channel) * taps + tap]
                    }
                }
            }
            count = values.count
        }
    }

    /// Each row as round(w/s), s = max|w|/127.
    private static func quantized(_ values: [Float], rowCount: Int) -> (bytes: [UInt8], scales: [Float]) {
        let width = values.count / max(1, rowCount)
        var (bytes, scales): ([UInt8], [Float]) = ([], [])
        bytes.reserveCapacity(values.count)
        scales.reserveCapacity(rowCount)
        for row in 0..<rowCount {
            let range = row * width..<(row + 1) * width
            // Not by max, which passes over a NaN.
            let largest = values[range].reduce(Float(0)) { $0.isNaN || $0 >= abs($1) ? $0 : abs($1) }
            let scale = largest / 127
            scales.append(scale)
            for value in values[range] {
                // A NaN or an infinity makes the scale one, too, and so shows in the result.
                let level = scale > 0 ? (value / scale).rounded(.toNearestOrEven) : 0
                bytes.append(UInt8(bitPattern: Int8(level.isFinite ? max(-127, min(127, level)) : 0)))
            }
        }
        return (bytes, scales)
    }
}
