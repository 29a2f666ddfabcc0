/// Where a cell's neighbours are in arrays of [row, column, channel], as the index of channel 0.
///
/// Outside the plane magnitudes and differences are 0, which `DifferencePlanes` keeps in one more cell behind the last;
/// means are those of the nearest cell.
struct CellSites {
    let row: Int
    let column: Int
    let here: Int
    let left: Int
    let above: Int
    let aboveLeft: Int
    let aboveRight: Int
    let right: Int
    let below: Int
    /// The nearest cells of the plane in the four directions.
    let nearest: (left: Int, right: Int, above: Int, below: Int)

    init(row: Int, column: Int, height: Int, width: Int, _ channelCount: Int) {
        func site(_ y: Int, _ x: Int) -> Int {
            let isInside = y >= 0 && x >= 0 && y < height && x < width
            return (isInside ? y * width + x : height * width) * channelCount
        }
        self.row = row
        self.column = column
        here = site(row, column)
        left = site(row, column - 1)
        above = site(row - 1, column)
        aboveLeft = site(row - 1, column - 1)
        aboveRight = site(row - 1, column + 1)
        right = site(row, column + 1)
        below = site(row + 1, column)
        nearest = (
            site(row, max(column - 1, 0)), site(row, min(column + 1, width - 1)), site(max(row - 1, 0), column),
            site(min(row + 1, height - 1), column)
        )
    }
}
