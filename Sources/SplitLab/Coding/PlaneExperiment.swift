import CZstd
import Diffusion

/// The byte-plane code with everything that can be chosen about it: what the frames' `planes` coding was chosen from.
struct PlaneExperiment: Hashable {
    enum Predictor: String, CaseIterable {
        case none, left, upper, average, median
    }

    enum PlaneOrder: String, CaseIterable {
        case lowFirst = "low plane first"
        case highFirst = "high plane first"
        case interleaved = "words whole"
        case channels = "channel by channel, low plane first"
    }

    /// In standard deviations of a channel.
    var step: Double
    var predictor: Predictor
    var order: PlaneOrder
    var level: Int32

    /// Bytes of everything around the payload in a frame: header, step, length, channel table, checksum.
    func overhead(_ shape: LatentShape) -> Int { 24 + 8 * shape.channelCount }

    /// Quantized elements, and the latent that they stand for.
    func quantize(_ latent: Latent) -> (elements: [Int], dequantized: Latent) {
        let channelCount = latent.shape.channelCount
        var elements = [Int](repeating: 0, count: latent.values.count)
        var dequantized = latent
        for channel in 0..<channelCount {
            let indices = stride(from: channel, to: latent.values.count, by: channelCount)
            let values = indices.map { Double(latent.values[$0]) }
            let mean = values.reduce(0, +) / Double(values.count)
            let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
            let quantum = max(step * variance.squareRoot(), .leastNormalMagnitude)
            for index in indices {
                let q = min(max(((Double(latent.values[index]) - mean) / quantum).rounded(), -32767), 32767)
                elements[index] = Int(q)
                dequantized.values[index] = Float(mean + q * quantum)
            }
        }
        return (elements, dequantized)
    }

    /// What zstd is given for quantized elements.
    func content(_ elements: [Int], _ shape: LatentShape) -> [UInt8] {
        let channelCount = shape.channelCount
        let row = shape.width * channelCount
        var words = elements.indices.map { index in
            let difference = elements[index] - prediction(elements, index, row: row, channelCount)
            return UInt16(truncatingIfNeeded: (difference << 1) ^ (difference >> (Int.bitWidth - 1)))
        }
        if order == .channels {
            words = (0..<channelCount).flatMap { channel in
                stride(from: channel, to: words.count, by: channelCount).map { words[$0] }
            }
        }
        let low = words.map { UInt8(truncatingIfNeeded: $0) }
        let high = words.map { UInt8($0 >> 8) }
        return switch order {
        case .lowFirst, .channels: low + high
        case .highFirst: high + low
        case .interleaved: zip(low, high).flatMap { [$0, $1] }
        }
    }

    private func prediction(_ elements: [Int], _ index: Int, row: Int, _ channelCount: Int) -> Int {
        let left = index % row >= channelCount ? elements[index - channelCount] : nil
        let upper = index >= row ? elements[index - row] : nil
        guard predictor != .none else { return 0 }
        guard let left, let upper else { return left ?? upper ?? 0 }
        switch predictor {
        case .none: return 0
        case .left: return left
        case .upper: return upper
        case .average: return (left + upper) >> 1
        case .median:
            let plane = left + upper - elements[index - row - channelCount]
            return min(max(plane, min(left, upper)), max(left, upper))
        }
    }
}

/// zstd as the experiments use it.
enum ExperimentalZstd {
    /// The bytes of one frame; with a dictionary, those of a frame that needs it.
    static func size(_ content: [UInt8], level: Int32, dictionary: [UInt8]? = nil) throws(CodingLabError) -> Int {
        guard let context = ZSTD_createCCtx() else { throw .zstd("no memory") }
        defer { ZSTD_freeCCtx(context) }
        var output = [UInt8](repeating: 0, count: ZSTD_compressBound(content.count))
        let size: Int
        if let dictionary {
            size = ZSTD_compress_usingDict(
                context, &output, output.count, content, content.count, dictionary, dictionary.count, level)
        } else {
            size = ZSTD_compressCCtx(context, &output, output.count, content, content.count, level)
        }
        guard ZSTD_isError(size) == 0 else { throw .zstd(String(cString: ZSTD_getErrorName(size))) }
        return size
    }

    /// A dictionary trained on `contents`.
    static func dictionary(of contents: [[UInt8]], bytes: Int) throws(CodingLabError) -> [UInt8] {
        var dictionary = [UInt8](repeating: 0, count: bytes)
        let size = ZDICT_trainFromBuffer(
            &dictionary, dictionary.count, contents.flatMap { $0 }, contents.map(\.count), UInt32(contents.count))
        guard ZDICT_isError(size) == 0 else { throw .zstd(String(cString: ZDICT_getErrorName(size))) }
        return Array(dictionary.prefix(size))
    }
}
