/// How a product is computed: by which kernel, in which tiles, and in how many parts of its depth.
struct ProductPlan {
    /// Of the shader; nil for the one that fits the types bound.
    let variant: String?
    /// The shader's own specialization constants, up to how the factors are read.
    let constants: [Int]
    /// Tiles that are on their way from memory while one is multiplied.
    let ahead: Int
    /// Of each factor in shared memory.
    let tiles: Int
    /// The depth that the kernel's loop takes at a time: of a tile, or of all that lie in shared memory by turns.
    let turn: Int
    let split: ProductSplit
    /// Workgroups: tiles of all parts across, tiles down, folded where there are more than a row holds.
    let groups: (x: Int, y: Int, z: Int)

    init(_ problem: ProductProblem, _ options: VulkanOptions, _ features: DeviceFeatures) {
        let (rows, columns, inner) = (problem.rows, problem.columns, problem.inner)
        let tileRows, tileColumns: Int
        if let unit = MatrixUnit.chosen(options, features) {
            let tile = CooperativeTile(
                unit, options.staging ?? features.staging,
                size: options.products == .workgroup ? nil : options.tileSize, rows: rows, columns: columns,
                features)
            (variant, constants) = (unit.variant, tile.constants)
            (tiles, ahead) = (tile.size.tiles, tile.size.ahead)
            (tileRows, tileColumns) = (tile.size.rows, tile.size.columns)
            turn = tile.size.tiles * tile.size.depth
        } else {
            let tile = ProductTile(options.products, rows: rows, columns: columns, features)
            (variant, constants, tiles, ahead) = (nil, tile.constants, 1, 0)
            (tileRows, tileColumns, turn) = (tile.rows, tile.columns, ProductTile.depth)
        }
        let (across, down) = ((columns + tileColumns - 1) / tileColumns, (rows + tileRows - 1) / tileRows)
        split = ProductSplit(
            tiles: across * down, of: (tileRows, tileColumns), inner: inner, depth: turn, units: features.unitCount,
            most: ProductSplit.room(rows: rows, columns: columns), wanted: options.splits)
        groups = ProductPlan.folded(across: across * split.count, down: down)
    }

    /// Tiles down are folded into the third dimension where there are more than a row of workgroups may hold.
    static func folded(across: Int, down: Int) -> (x: Int, y: Int, z: Int) {
        let y = min(down, 32_768)
        return (across, y, (down + y - 1) / y)
    }
}
