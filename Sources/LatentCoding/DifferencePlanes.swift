/// The differences of one level as far as they are known. Each array is [row, column, channel], and a cell of zeros.
struct DifferencePlanes {
    let height: Int
    let width: Int
    /// One array a band, dequantized.
    private(set) var values: [[Double]]
    /// One array a band: quantized magnitudes as contexts count them.
    private(set) var magnitudes: [[Int]]

    init(height: Int, width: Int, channelCount: Int) {
        self.height = height
        self.width = width
        let count = (height * width + 1) * channelCount
        values = Array(repeating: Array(repeating: 0, count: count), count: 3)
        magnitudes = Array(repeating: Array(repeating: 0, count: count), count: 3)
    }

    /// A magnitude as contexts count it; the limit keeps their sums far from overflow.
    static func counted(_ steps: Int) -> Int { min(abs(steps), 1023) }

    mutating func set(_ band: MeanPyramid.Band, _ index: Int, steps: Int, value: Double) {
        values[band.rawValue][index] = value
        magnitudes[band.rawValue][index] = Self.counted(steps)
    }

    /// What means and earlier differences suggest; least squares over real hand-offs gave the weights, in 64ths.
    ///
    /// Along its direction a slope tells little. Across it goes on: an edge from above continues below.
    func prediction(
        _ band: MeanPyramid.Band, _ sites: CellSites, _ channel: Int, means: [Double]
    ) -> Double {
        let h = values[0], v = values[1], d = values[2]
        switch band {
        case .horizontal:
            let slope = means[sites.nearest.right + channel] - means[sites.nearest.left + channel]
            return (30 * h[sites.above + channel] - 9 * h[sites.left + channel] - 7 * slope) / 64
        case .vertical:
            let slope = means[sites.nearest.below + channel] - means[sites.nearest.above + channel]
            return (30 * v[sites.left + channel] - 9 * v[sites.above + channel] - 7 * slope) / 64
        case .diagonal:
            let turn =
                (h[sites.nearest.below + channel] - h[sites.nearest.above + channel])
                + (v[sites.nearest.right + channel] - v[sites.nearest.left + channel])
            return -8 * (turn + (d[sites.left + channel] + d[sites.above + channel])) / 64
        }
    }
}
