import Diffusion

/// The shape of a pyramid of means: every plane is the one below it with cells of up to 2×2 elements taken together.
///
/// Plane 0 is the latent, the last plane one mean a channel. A cell at an odd edge has a row or a column less.
struct MeanPyramid {
    /// The three differences inside a cell of elements a b / c e around its mean m.
    enum Band: Int, CaseIterable {
        /// a = m + h …, b = m − h …: left against right. Needs two columns.
        case horizontal
        /// a = m + v …, c = m − v …: above against below. Needs two rows.
        case vertical
        /// a = m + d …, b = m − d …, c = m − d …: needs both.
        case diagonal

        func exists(rows: Int, columns: Int) -> Bool {
            switch self {
            case .horizontal: columns == 2
            case .vertical: rows == 2
            case .diagonal: rows == 2 && columns == 2
            }
        }
    }

    let channelCount: Int
    /// Rows and columns of each plane, the latent's first.
    let planes: [(height: Int, width: Int)]

    init(_ shape: LatentShape) {
        channelCount = shape.channelCount
        var planes = [(height: shape.height, width: shape.width)]
        while let last = planes.last, last.height > 1 || last.width > 1 {
            planes.append(((last.height + 1) / 2, (last.width + 1) / 2))
        }
        self.planes = planes
    }

    /// How many times elements were taken together; 0 for a latent of one element a channel.
    var levelCount: Int { planes.count - 1 }

    /// How many elements of plane `level − 1` are in a cell of plane `level`.
    func cell(level: Int, row: Int, column: Int) -> (rows: Int, columns: Int) {
        let below = planes[level - 1]
        return (2 * row + 1 < below.height ? 2 : 1, 2 * column + 1 < below.width ? 2 : 1)
    }

    /// The planes of one latent. Each is [height, width, channel].
    func means(of values: [Float]) -> [[Double]] {
        var means = [values.map(Double.init)]
        for level in planes.indices.dropFirst() {
            let (below, plane) = (planes[level - 1], planes[level])
            var sums = [Double](repeating: 0, count: plane.height * plane.width * channelCount)
            for row in 0..<plane.height {
                for column in 0..<plane.width {
                    let (rows, columns) = cell(level: level, row: row, column: column)
                    let scale = 1 / Double(rows * columns)
                    let to = (row * plane.width + column) * channelCount
                    for y in 2 * row..<2 * row + rows {
                        for x in 2 * column..<2 * column + columns {
                            let from = (y * below.width + x) * channelCount
                            for channel in 0..<channelCount {
                                sums[to + channel] += means[level - 1][from + channel] * scale
                            }
                        }
                    }
                }
            }
            means.append(sums)
        }
        return means
    }
}
