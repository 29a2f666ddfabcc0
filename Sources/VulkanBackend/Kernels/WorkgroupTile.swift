/// The part of a product that a workgroup computes as one matrix, which the driver divides among its invocations.
struct WorkgroupTile: Hashable {
    let rows: Int
    let columns: Int
    let depth: Int
    let invocationCount: Int
    /// Steps of the depth between two looks at whether there are more: room for a compiler to bring the next factors early.
    let turn: Int
    /// Tiles for each unit of the device that a product must have.
    let rounds: Int

    /// From the largest. The first three are those of llama.cpp for this extension (`Benchmarks/graphics-cards.md`).
    static let sizes = [
        WorkgroupTile(rows: 128, columns: 256, depth: 64, invocationCount: 256, turn: 4, rounds: 2),
        WorkgroupTile(rows: 128, columns: 128, depth: 64, invocationCount: 256, turn: 4, rounds: 1),
        WorkgroupTile(rows: 64, columns: 64, depth: 64, invocationCount: 128, turn: 4, rounds: 1),
        WorkgroupTile(rows: 32, columns: 64, depth: 64, invocationCount: 128, turn: 4, rounds: 1),
        WorkgroupTile(rows: 32, columns: 32, depth: 64, invocationCount: 128, turn: 4, rounds: 0),
    ]

    /// The first size that one of the shapes allows and that gives each unit work, or else the last that is allowed; nil if
    /// none is.
    ///
    /// - Parameter wanted: which of the sizes to take where it is allowed; nil for any.
    init?(_ shapes: [WorkgroupShape], size wanted: Int? = nil, rows: Int, columns: Int, _ features: DeviceFeatures) {
        if let wanted, WorkgroupTile.sizes.indices.contains(wanted), WorkgroupTile.sizes[wanted].isAllowed(by: shapes) {
            self = WorkgroupTile.sizes[wanted]
            return
        }
        let allowed = WorkgroupTile.sizes.filter { $0.isAllowed(by: shapes) }
        let busy = allowed.first { tile in
            // On any device as many as a small one needs: a guess of its units may be wrong.
            tile.count(rows: rows, columns: columns) >= tile.rounds * max(features.unitCount, 16)
        }
        guard let tile = busy ?? allowed.last else { return nil }
        self = tile
    }

    private init(rows: Int, columns: Int, depth: Int, invocationCount: Int, turn: Int, rounds: Int) {
        (self.rows, self.columns, self.depth) = (rows, columns, depth)
        (self.invocationCount, self.turn, self.rounds) = (invocationCount, turn, rounds)
    }

    /// In words.
    var name: String { "\(rows)×\(columns)×\(depth) of \(invocationCount) invocations" }

    func isAllowed(by shapes: [WorkgroupShape]) -> Bool { shapes.contains { $0.allows(self) } }

    private func count(rows wanted: Int, columns across: Int) -> Int {
        (wanted + rows - 1) / rows * ((across + columns - 1) / columns)
    }

    /// The patch of a picture's pixels that the rows are: neighbours along both sides have much of their windows in common.
    func patch(height: Int, width: Int) -> (height: Int, width: Int) {
        let across = min(16, width.roundedUpToPowerOfTwo, rows)
        return (min(rows / across, height.roundedUpToPowerOfTwo), across)
    }
}

extension WorkgroupShape {
    fileprivate func allows(_ tile: WorkgroupTile) -> Bool {
        tile.rows % rows == 0 && tile.columns % columns == 0 && tile.depth % depth == 0
            && max(tile.rows, tile.columns, tile.depth) <= largestSide && tile.invocationCount == invocationCount
    }
}

extension Int {
    fileprivate var roundedUpToPowerOfTwo: Int { self < 2 ? 1 : 1 << (Int.bitWidth - (self - 1).leadingZeroBitCount) }
}
