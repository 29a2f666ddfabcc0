import Diffusion

/// A latent as quantized differences between means of ever larger cells, range-coded (Protocol/latent-frame.md).
enum PyramidCode {
    /// The range-coded bytes of `latent`.
    ///
    /// - Throws: `.rangeTooWide`.
    static func encode(_ latent: Latent, _ quanta: PyramidQuanta) throws(LatentCodingError) -> [UInt8] {
        let pyramid = MeanPyramid(latent.shape)
        var source = QuantizingSource(pyramid, means: pyramid.means(of: latent.values))
        _ = try PyramidWalk(pyramid, quanta).run(&source)
        return source.finish()
    }

    /// The latent in range-coded bytes.
    ///
    /// - Throws: `.invalidPayload`.
    static func decode(
        _ payload: ArraySlice<UInt8>, _ quanta: PyramidQuanta, shape: LatentShape
    ) throws(LatentCodingError) -> [Float] {
        guard payload.last != 0 else { throw .invalidPayload("it ends with a byte that no encoder writes") }
        var source = ReadingSource(payload)
        let values = try PyramidWalk(MeanPyramid(shape), quanta).run(&source)
        guard source.isAtEnd else { throw .invalidPayload("it goes on after the last element") }
        return values
    }
}

/// Reads elements from range-coded bytes.
private struct ReadingSource: ElementSource {
    private var decoder: RangeDecoder
    private var model = MagnitudeModel()

    init(_ payload: ArraySlice<UInt8>) {
        decoder = RangeDecoder(payload)
    }

    var isAtEnd: Bool { decoder.isAtEnd }

    mutating func next(
        _ element: PyramidElement, prediction: Double, quantum: Double, context: MagnitudeModel.Context
    ) throws(LatentCodingError) -> Int {
        try model.decode(in: context, from: &decoder)
    }
}

/// Takes elements from a latent and writes them.
///
/// Rounds to the nearest step. Rounding towards fewer bits was tried and is not worth it: what is rounded away is
/// texture, which the verifier then leaves out of the picture (Benchmarks/latent-code.md).
private struct QuantizingSource: ElementSource {
    private let pyramid: MeanPyramid
    private let means: [[Double]]
    private var encoder = RangeEncoder()
    private var model = MagnitudeModel()

    init(_ pyramid: MeanPyramid, means: [[Double]]) {
        self.pyramid = pyramid
        self.means = means
    }

    consuming func finish() -> [UInt8] { encoder.finish() }

    mutating func next(
        _ element: PyramidElement, prediction: Double, quantum: Double, context: MagnitudeModel.Context
    ) throws(LatentCodingError) -> Int {
        let steps = ((value(of: element) - prediction) / quantum).rounded(.toNearestOrEven)
        guard abs(steps) <= Double(MagnitudeModel.maximumMagnitude) else {
            throw .rangeTooWide(channel: element.channel)
        }
        model.encode(Int(steps), in: context, to: &encoder)
        return Int(steps)
    }

    /// The true value: a mean of the last plane, or a difference inside a cell.
    private func value(of element: PyramidElement) -> Double {
        guard let band = element.band else { return means[element.level][element.index] }
        let channelCount = pyramid.channelCount
        let (width, widthBelow) = (pyramid.planes[element.level].width, pyramid.planes[element.level - 1].width)
        let cell = element.index / channelCount
        let (row, column) = (cell / width, cell % width)
        let (rows, columns) = pyramid.cell(level: element.level, row: row, column: column)
        let first = (2 * row * widthBelow + 2 * column) * channelCount + element.channel
        let below = means[element.level - 1]
        let a = below[first]
        let b = columns == 2 ? below[first + channelCount] : a
        let c = rows == 2 ? below[first + widthBelow * channelCount] : a
        let e = rows == 2 && columns == 2 ? below[first + (widthBelow + 1) * channelCount] : (rows == 2 ? c : b)
        return switch band {
        case .horizontal: ((a - b) + (c - e)) / 4
        case .vertical: ((a - c) + (b - e)) / 4
        case .diagonal: ((a - b) - (c - e)) / 4
        }
    }
}
