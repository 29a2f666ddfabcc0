/// How large the differences of one cell will be, from those around it: drafts are busy in the same places in all
/// channels.
///
/// The weights, in 128ths, were fitted to real hand-offs.
struct Expectation {
    /// The magnitudes of this cell's earlier channels, together.
    var sum = 0
    private let band: Int
    private let level: Int
    private let sites: CellSites
    private let channelCount: Int
    /// Of the left and the upper cell, all channels.
    private let around: Int
    /// The cell of the coarser level that this one lies in, as an index, and its magnitudes of all channels together.
    private let parent: (site: Int, sum: Int)?

    init(
        _ band: MeanPyramid.Band, level: Int, _ sites: CellSites, _ differences: DifferencePlanes,
        _ coarser: DifferencePlanes?
    ) {
        self.band = band.rawValue
        self.level = level
        self.sites = sites
        let channelCount = differences.magnitudes[0].count / (differences.height * differences.width + 1)
        self.channelCount = channelCount
        let magnitudes = differences.magnitudes[band.rawValue]
        around = (0..<channelCount).reduce(0) { $0 + magnitudes[sites.left + $1] + magnitudes[sites.above + $1] }
        parent = coarser.map { coarser in
            let site = (sites.row / 2 * coarser.width + sites.column / 2) * channelCount
            let magnitudes = coarser.magnitudes[band.rawValue]
            return (site, (0..<channelCount).reduce(0) { $0 + magnitudes[site + $1] })
        }
    }

    /// Where the next channel's magnitude is looked up.
    func context(
        _ channel: Int, _ differences: DifferencePlanes, _ coarser: DifferencePlanes?
    ) -> MagnitudeModel.Context {
        let magnitudes = differences.magnitudes[band]
        var expected =
            16 * (magnitudes[sites.left + channel] + magnitudes[sites.above + channel])
            + 2 * (magnitudes[sites.aboveLeft + channel] + magnitudes[sites.aboveRight + channel])
            + 55 * (16 * channelCount * sum + around) / (2 * channelCount * (8 * channel + 1))
        if band > 0 {
            var (earlier, earlierAround) = (0, 0)
            for other in 0..<band {
                let magnitudes = differences.magnitudes[other]
                earlier += magnitudes[sites.here + channel]
                earlierAround += magnitudes[sites.below + channel] + magnitudes[sites.right + channel]
            }
            expected += (10 * earlier + 3 * earlierAround) / band
        }
        if let parent, let coarser {
            expected += 6 * coarser.magnitudes[band][parent.site + channel] + 6 * parent.sum / channelCount
        }
        expected += level == 1 ? 0 : level == 2 ? 4 : level == 3 ? 8 : 12
        return MagnitudeModel.Context(level: level, expected: expected / 4, sum: sum, count: channel)
    }
}
