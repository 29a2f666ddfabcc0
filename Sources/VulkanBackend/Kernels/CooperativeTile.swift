/// How a product is cut into tiles for the device's matrix units: a workgroup has a tile, each of its subgroups a part of it.
struct CooperativeTile: Hashable {
    let unit: MatrixUnit
    let size: Size

    /// Sides in elements; parts cover the tile.
    struct Size: Hashable {
        let rows: Int
        let columns: Int
        /// Between two barriers.
        let depth: Int
        let partRows: Int
        let partColumns: Int
        /// Tiles of each factor in shared memory, and those that are on their way from memory while one is multiplied.
        var tiles = 2
        var ahead = 1
        /// Tiles for each unit of the device that a product must have.
        var rounds = 0

        /// In words.
        var name: String {
            let plural = tiles == 1 ? "tile" : "tiles"
            return
                "\(tiles) \(plural) of \(rows)×\(columns)×\(depth) in parts of \(partRows)×\(partColumns), \(ahead) ahead"
        }

        var subgroupCount: Int { rows / partRows * (columns / partColumns) }
        /// What a step of the depth brings, in elements of both factors.
        var side: Int { rows + columns }

        /// Whether more than an eighth of wide tiles would be empty where narrow ones fit.
        func wastes(_ wanted: Int) -> Bool {
            columns > 64 && 8 * ((wanted + columns - 1) / columns * columns) > 9 * wanted
        }
    }

    /// For two tiles of each factor by turns, from the largest. Large tiles and parts read each factor less often; small ones
    /// give more workgroups, which few rows need, and have room for more depth between two barriers, which is what their time
    /// goes by. Found on an H200 with the products of the verifier at one picture and sixteen, and with those of a large U-Net
    /// (`Benchmarks/graphics-cards.md`).
    private static let double = [
        Size(rows: 128, columns: 128, depth: 32, partRows: 64, partColumns: 64, rounds: 4),
        Size(rows: 128, columns: 128, depth: 16, partRows: 64, partColumns: 64, rounds: 4),
        Size(rows: 128, columns: 64, depth: 32, partRows: 64, partColumns: 32, rounds: 1),
        Size(rows: 64, columns: 64, depth: 64, partRows: 32, partColumns: 32, rounds: 1),
        Size(rows: 32, columns: 32, depth: 64, partRows: 16, partColumns: 16, ahead: 2),
        // For units whose sides are more than 16.
        Size(rows: 64, columns: 64, depth: 32, partRows: 32, partColumns: 32, ahead: 2),
    ]

    /// For one tile of each factor: few registers and little shared memory, so that a unit has several workgroups, which
    /// multiply while others wait. The first is what others found best on NVIDIA's cards of two generations
    /// (`Benchmarks/graphics-cards.md`).
    private static let single = [
        Size(rows: 128, columns: 128, depth: 32, partRows: 64, partColumns: 32, tiles: 1, ahead: 0, rounds: 2),
        Size(rows: 128, columns: 64, depth: 32, partRows: 32, partColumns: 32, tiles: 1, ahead: 0, rounds: 2),
        Size(rows: 64, columns: 64, depth: 64, partRows: 32, partColumns: 32, tiles: 1, ahead: 0, rounds: 1),
        Size(rows: 32, columns: 32, depth: 128, partRows: 16, partColumns: 16, tiles: 1, ahead: 0),
        // With the next tile on its way: for measurements alone.
        Size(rows: 128, columns: 128, depth: 32, partRows: 64, partColumns: 32, tiles: 1, rounds: unwanted),
        Size(rows: 128, columns: 64, depth: 32, partRows: 32, partColumns: 32, tiles: 1, rounds: unwanted),
        Size(rows: 64, columns: 64, depth: 64, partRows: 32, partColumns: 32, tiles: 1, rounds: unwanted),
        Size(rows: 32, columns: 32, depth: 128, partRows: 16, partColumns: 16, tiles: 1, rounds: unwanted),
        // For units whose sides are more than 16.
        Size(rows: 64, columns: 64, depth: 32, partRows: 32, partColumns: 32, tiles: 1, ahead: 0),
    ]

    /// Tiles that no product has.
    private static let unwanted = 1 << 40

    /// Of a staging.
    static func sizes(_ staging: TileStaging) -> [Size] { staging == .single ? single : double }

    /// The first size that the device takes and that gives each of its units work.
    ///
    /// - Parameter wanted: which of the sizes to take where the device does; nil for any.
    init(
        _ unit: MatrixUnit, _ staging: TileStaging, size wanted: Int? = nil, rows: Int, columns: Int,
        _ features: DeviceFeatures
    ) {
        let sizes = CooperativeTile.sizes(staging)
        if let wanted, sizes.indices.contains(wanted), CooperativeTile(unit, sizes[wanted]).fits(features) {
            self.init(unit, sizes[wanted])
            return
        }
        let fitting = sizes.map { CooperativeTile(unit, $0) }.filter { $0.fits(features) }
        let busy = fitting.first { tile in
            !tile.size.wastes(columns)
                && tile.count(rows: rows, columns: columns) >= max(tile.size.rounds * features.unitCount, tile.fewest)
        }
        self = busy ?? fitting.last ?? CooperativeTile(unit, sizes[sizes.count - 1])
    }

    init(_ unit: MatrixUnit, _ size: Size) { (self.unit, self.size) = (unit, size) }

    /// Tiles of a size that a product must have on any device: a guess of its units may be wrong.
    private var fewest: Int { size.rounds == 0 ? 0 : 16 * size.rounds }

    private func count(rows: Int, columns: Int) -> Int {
        (rows + size.rows - 1) / size.rows * ((columns + size.columns - 1) / size.columns)
    }

    private var invocationCount: Int { size.subgroupCount * unit.subgroupSize }

    /// Words of sixteen bytes in shared memory: tiles of each factor, their rows padded by one, or the strips of sums that are
    /// laid over them in the end.
    var sharedByteCount: Int {
        let tiles = size.tiles * size.side * (size.depth / 8 + 1)
        let strips = size.subgroupCount * unit.shape.rows * (size.partColumns / 4 + 1)
        return 16 * max(tiles, strips)
    }

    func fits(_ features: DeviceFeatures) -> Bool {
        let shape = unit.shape
        return size.partRows % shape.rows == 0 && size.partColumns % shape.columns == 0 && size.depth % shape.depth == 0
            && size.partRows * size.partColumns <= unit.mostSums * unit.subgroupSize
            && sharedByteCount <= features.sharedMemory && invocationCount % (size.depth / 8) == 0
            && invocationCount <= features.maxWorkgroupInvocations
    }

    /// In the order of the shader's specialization constants, up to how the factors are read.
    var constants: [Int] {
        let shape = unit.shape
        return [
            invocationCount, size.rows, size.columns, size.depth, size.partRows, size.partColumns, shape.rows,
            shape.columns,
            shape.depth,
        ]
    }
}
