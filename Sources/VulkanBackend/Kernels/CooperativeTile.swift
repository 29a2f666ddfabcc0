/// How a product is cut into tiles for the device's matrix units: four subgroups, each with a quarter of a tile.
struct CooperativeTile: Hashable {
    let unit: MatrixUnit
    /// Rows and columns alike.
    let side: Int
    let depth: Int

    /// Large tiles read each factor less often; small ones give more workgroups, which few rows need, and have room for more
    /// depth between two barriers, which is what their time goes by.
    init(_ unit: MatrixUnit, rows: Int, columns: Int, _ features: DeviceFeatures) {
        let largeSide = 128
        let count = ((rows + largeSide - 1) / largeSide) * ((columns + largeSide - 1) / largeSide)
        let large = CooperativeTile(unit, side: largeSide, depths: [32, 16], features)
        self =
            if let large, count >= max(features.unitCount, CooperativeTile.fewestLarge) { large } else {
                CooperativeTile(unit, side: 64, depths: [64, 32], features)
                    ?? CooperativeTile(unit, side: 64, depth: 32)
            }
    }

    /// With the first of the depths that fits, nil if none does.
    init?(_ unit: MatrixUnit, side: Int, depths: [Int], _ features: DeviceFeatures) {
        let fitting = depths.lazy.map { CooperativeTile(unit, side: side, depth: $0) }.first { $0.fits(features) }
        guard let fitting else { return nil }
        self = fitting
    }

    private init(_ unit: MatrixUnit, side: Int, depth: Int) { (self.unit, self.side, self.depth) = (unit, side, depth) }

    /// Large tiles that a product must have: fewer leave most devices idle.
    private static let fewestLarge = 64
    private static let subgroupCount = 4
    /// Rows and columns of a subgroup's part.
    private var part: Int { side / 2 }
    private var invocationCount: Int { CooperativeTile.subgroupCount * unit.subgroupSize }

    /// Words of sixteen bytes in shared memory: two tiles of a factor, their rows padded by one.
    private var tileWords: Int { 2 * side * (depth / 8 + 1) }
    /// The same of the strips of sums that are laid over one factor's tiles in the end.
    private var stripWords: Int { CooperativeTile.subgroupCount * unit.shape.rows * (part / 4 + 1) }
    var sharedByteCount: Int { 2 * 16 * tileWords }

    private func fits(_ features: DeviceFeatures) -> Bool {
        sharedByteCount <= features.sharedMemory && stripWords <= tileWords && invocationCount % (depth / 8) == 0
            && invocationCount <= features.maxWorkgroupInvocations
    }

    /// In the order of the shader's specialization constants, up to how the factors are read.
    var constants: [Int] {
        let shape = unit.shape
        return [invocationCount, side, side, depth, part, part, shape.rows, shape.columns, shape.depth]
    }
}
