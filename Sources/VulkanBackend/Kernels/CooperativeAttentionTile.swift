/// How attention is cut into blocks for the device's matrix units.
struct CooperativeAttentionTile: Hashable {
    let unit: MatrixUnit
    let staging: TileStaging
    let headWidth: Int
    let subgroups: Int
    /// Units' rows that a subgroup has of queries: each key and value that it takes up serves all of them.
    let unitsDown: Int
    /// Tiles of keys and of values in shared memory.
    let tiles: Int
    let keys: Int

    /// From the largest: few large workgroups read keys and values less often, many small ones leave no unit idle.
    private static let sizes = [
        (subgroups: 4, unitsDown: 2, rounds: 2), (subgroups: 4, unitsDown: 1, rounds: 1),
        (subgroups: 2, unitsDown: 1, rounds: 0),
        (subgroups: 1, unitsDown: 1, rounds: 0),
    ]

    /// Its queries and staging as somebody wants them.
    struct Way: Hashable, Sendable, Codable {
        let staging: TileStaging
        let subgroups: Int
        let unitsDown: Int

        /// All that there are.
        static let all = TileStaging.allCases.flatMap { staging in
            sizes.map { Way(staging: staging, subgroups: $0.subgroups, unitsDown: $0.unitsDown) }
        }

        /// In words.
        var name: String {
            "attention of \(subgroups) subgroups, \(unitsDown) units' rows each, \(staging.rawValue) tiles"
        }
    }

    /// Keys of a block. The more invocations share a query, the more keys it takes for each of them to have as many as
    /// a unit is deep: 64 where four do, as in subgroups of 64 with units of 16 rows, or of 32 with units of 8.
    ///
    /// Subgroups of 64 with units of 8 rows find a tile only where they have two units' rows: with eight invocations
    /// a query it would take 128 keys, and no card is known to have such units.
    private static let keyCounts = [32, 64]

    /// The first size that has a query for each row and gives the device's units as many rounds of work as it wants; nil
    /// where a head is no multiple of eight or does not fit in shared memory.
    ///
    /// - Parameter heads: of all pictures together.
    init?(
        _ unit: MatrixUnit, _ staging: TileStaging, headWidth: Int, queries: Int, heads: Int, _ features: DeviceFeatures
    ) {
        let shape = unit.shape
        for size in CooperativeAttentionTile.sizes {
            for tiles in staging == .single ? [1] : [2, 1] {
                for keys in CooperativeAttentionTile.keyCounts {
                    let tile = CooperativeAttentionTile(
                        unit: unit, staging: staging, headWidth: headWidth, subgroups: size.subgroups,
                        unitsDown: size.unitsDown, tiles: tiles, keys: keys)
                    let groups = (queries + tile.queries - 1) / tile.queries * heads
                    let isSmallest = tile.queries == shape.rows
                    if tile.fits(features),
                        isSmallest || (tile.queries < 2 * queries && groups >= size.rounds * features.unitCount)
                    {
                        self = tile
                        return
                    }
                }
            }
        }
        return nil
    }

    /// As somebody wants it; nil where that does not fit, or would leave half of its queries empty.
    init?(_ unit: MatrixUnit, _ way: Way, headWidth: Int, queries: Int, _ features: DeviceFeatures) {
        for tiles in way.staging == .single ? [1] : [2, 1] {
            for keys in CooperativeAttentionTile.keyCounts {
                let tile = CooperativeAttentionTile(
                    unit: unit, staging: way.staging, headWidth: headWidth, subgroups: way.subgroups,
                    unitsDown: way.unitsDown, tiles: tiles, keys: keys)
                guard tile.fits(features), tile.queries < 2 * queries else { continue }
                self = tile
                return
            }
        }
        return nil
    }

    private init(
        unit: MatrixUnit, staging: TileStaging, headWidth: Int, subgroups: Int, unitsDown: Int, tiles: Int, keys: Int
    ) {
        (self.unit, self.staging, self.headWidth, self.subgroups) = (unit, staging, headWidth, subgroups)
        (self.unitsDown, self.tiles, self.keys) = (unitsDown, tiles, keys)
    }

    /// Queries of a subgroup, and of all.
    private var partRows: Int { unitsDown * unit.shape.rows }
    var queries: Int { subgroups * partRows }
    /// The head with zeros behind it, as the unit needs it. Sides are powers of two, so that the larger is a multiple of the
    /// smaller.
    private var paddedWidth: Int {
        let side = max(unit.shape.columns, unit.shape.depth)
        return (headWidth + side - 1) / side * side
    }
    /// Keys whose scores of a query an invocation has, of those that share it.
    private var ownKeys: Int { keys / max(1, unit.subgroupSize / partRows) }

    /// Whether a subgroup has registers for its share of the next block's keys and values, beside results and queries: of
    /// each four eights an invocation, or eight where it has one row of units.
    private var isAhead: Bool {
        staging == .double && keys * paddedWidth / 8 <= (unitsDown == 1 ? 8 : 4) * subgroups * unit.subgroupSize
    }

    /// Keys, values and scores, or the results laid over them, as the shader declares them.
    var sharedByteCount: Int {
        let hasRoom = ownKeys / 8 >= unit.shape.columns / 4
        let scorePitch = keys / 4 + (hasRoom ? 0 : unit.shape.columns / 4) + 1
        let blocks = 2 * tiles * keys * (paddedWidth / 8 + 1) + queries * scorePitch
        return 16 * max(blocks, queries * (paddedWidth / 4 + 1))
    }

    private func fits(_ features: DeviceFeatures) -> Bool {
        let shape = unit.shape
        // Two rows of units with wide heads, or in small subgroups, would leave no registers for anything else.
        return headWidth % 8 == 0 && keys % shape.columns == 0 && ownKeys % shape.depth == 0 && ownKeys % 8 == 0
            && (unitsDown == 1 || paddedWidth <= 80 && partRows * paddedWidth <= unit.mostSums * unit.subgroupSize)
            && sharedByteCount <= features.sharedMemory
            && subgroups * unit.subgroupSize <= features.maxWorkgroupInvocations
    }

    /// In the order of the shader's specialization constants, up to the stretches of keys.
    var constants: [Int] {
        let shape = unit.shape
        return [
            subgroups * unit.subgroupSize, headWidth, queries, partRows, keys, paddedWidth, isAhead ? 1 : 0, tiles,
            shape.rows, shape.columns, shape.depth,
        ]
    }
}
