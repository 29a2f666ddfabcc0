import Diffusion

/// Gives the quantized elements of a pyramid one by one, in the order of the walk.
protocol ElementSource {
    /// - Parameters:
    ///   - element: which one.
    ///   - prediction: what the elements before it suggest.
    ///   - quantum: its quantizer step.
    /// - Returns: how many steps the element lies above the prediction.
    mutating func next(
        _ element: PyramidElement, prediction: Double, quantum: Double, context: MagnitudeModel.Context
    ) throws(LatentCodingError) -> Int
}

/// One element of a pyramid.
struct PyramidElement {
    /// Of the plane whose cells the element tells differences of; `levelCount` for the last plane's means as well.
    let level: Int
    /// Nil for a mean of the last plane.
    let band: MeanPyramid.Band?
    /// (row × width + column) × channels + channel
    let index: Int
    let channel: Int
}

/// The one way through a pyramid that encoder and decoder both take: from the last plane's means to the latent, level
/// by level, band by band, cell by cell, channel by channel.
///
/// Each element is predicted from what is known, and the walk goes on from the dequantized value, so that both sides
/// hold the same numbers at every point. Sums run in the order written here, in `Double`.
struct PyramidWalk {
    private let pyramid: MeanPyramid
    private let quanta: PyramidQuanta
    private let channelCount: Int

    init(_ pyramid: MeanPyramid, _ quanta: PyramidQuanta) {
        self.pyramid = pyramid
        self.quanta = quanta
        channelCount = pyramid.channelCount
    }

    /// The dequantized latent. [height, width, channel]
    func run(_ source: inout some ElementSource) throws(LatentCodingError) -> [Float] {
        var plane = try lastPlane(&source)
        var coarser: DifferencePlanes?
        for level in stride(from: pyramid.levelCount, to: 0, by: -1) {
            var differences = DifferencePlanes(
                height: pyramid.planes[level].height, width: pyramid.planes[level].width, channelCount: channelCount)
            for band in MeanPyramid.Band.allCases {
                try walk(band, level: level, means: plane, coarser: coarser, &differences, &source)
            }
            plane = expand(plane, differences, level: level)
            coarser = differences
        }
        return plane.map { Float($0) }
    }

    private func lastPlane(_ source: inout some ElementSource) throws(LatentCodingError) -> [Double] {
        var means: [Double] = []
        var sum = 0
        for channel in 0..<channelCount {
            let context = MagnitudeModel.Context(
                lastPlaneExpected: channel == 0 ? 400 : min(64 * sum / channel, 2000))
            let quantum = quanta.means(levelCount: pyramid.levelCount, channel: channel)
            let steps = try source.next(
                PyramidElement(level: pyramid.levelCount, band: nil, index: channel, channel: channel),
                prediction: 0, quantum: quantum, context: context)
            sum += DifferencePlanes.counted(steps)
            means.append(Double(steps) * quantum)
        }
        return means
    }

    private func walk(
        _ band: MeanPyramid.Band, level: Int, means: [Double], coarser: DifferencePlanes?,
        _ differences: inout DifferencePlanes, _ source: inout some ElementSource
    ) throws(LatentCodingError) {
        let quantum = (0..<channelCount).map { quanta.differences(level: level, channel: $0) }
        let (height, width) = pyramid.planes[level]
        for row in 0..<height {
            for column in 0..<width {
                let cell = pyramid.cell(level: level, row: row, column: column)
                guard band.exists(rows: cell.rows, columns: cell.columns) else { continue }
                let sites = CellSites(row: row, column: column, height: height, width: width, channelCount)
                var expectation = Expectation(band, level: level, sites, differences, coarser)
                for channel in 0..<channelCount {
                    let prediction = differences.prediction(band, sites, channel, means: means)
                    let steps = try source.next(
                        PyramidElement(level: level, band: band, index: sites.here + channel, channel: channel),
                        prediction: prediction, quantum: quantum[channel],
                        context: expectation.context(channel, differences, coarser))
                    expectation.sum += DifferencePlanes.counted(steps)
                    differences.set(
                        band, sites.here + channel, steps: steps,
                        value: prediction + Double(steps) * quantum[channel])
                }
            }
        }
    }

    /// The plane below, from a level's means and differences.
    private func expand(_ means: [Double], _ differences: DifferencePlanes, level: Int) -> [Double] {
        let (height, width) = pyramid.planes[level]
        let below = pyramid.planes[level - 1]
        var plane = [Double](repeating: 0, count: below.height * below.width * channelCount)
        let (horizontal, vertical, diagonal) = (
            differences.values[0], differences.values[1], differences.values[2]
        )
        for row in 0..<height {
            for column in 0..<width {
                let cell = pyramid.cell(level: level, row: row, column: column)
                let from = (row * width + column) * channelCount
                let to = (2 * row * below.width + 2 * column) * channelCount
                for i in 0..<channelCount {
                    let mean = means[from + i]
                    let (h, v, d) = (horizontal[from + i], vertical[from + i], diagonal[from + i])
                    plane[to + i] = mean + h + v + d
                    if cell.columns == 2 { plane[to + channelCount + i] = mean - h + v - d }
                    let under = to + below.width * channelCount
                    if cell.rows == 2 { plane[under + i] = mean + h - v - d }
                    if cell.rows == 2, cell.columns == 2 { plane[under + channelCount + i] = mean - h - v + d }
                }
            }
        }
        return plane
    }
}
