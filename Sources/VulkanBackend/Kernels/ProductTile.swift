/// How a product without matrix units is cut into tiles: a workgroup has a tile, each of its invocations a part of it.
struct ProductTile: Hashable {
    let rows: Int
    let columns: Int
    /// Rows that an invocation computes, of eight columns each.
    let partRows: Int
    /// Tiles for each unit of the device that a product must have.
    let rounds: Int

    /// Between two barriers.
    static let depth = 16
    private static let partColumns = 8

    private static let small = ProductTile(rows: 32, columns: 32, partRows: 2, rounds: 0)
    private static let medium = ProductTile(rows: 64, columns: 64, partRows: 4, rounds: 1)
    private static let large = ProductTile(rows: 128, columns: 128, partRows: 8, rounds: 2)

    /// The kernel asked for, or the largest that the device takes and that gives each of its units work.
    init(_ kernel: ProductKernel?, rows: Int, columns: Int, _ features: DeviceFeatures) {
        let wanted: [ProductTile] =
            switch kernel {
            case .small: [.small]
            case .medium: [.medium]
            case .large: [.large, .medium]
            case .tiled, .cooperative, .emulated, .workgroup, .emulatedWorkgroup, .integer, nil:
                [.large, .medium].filter { tile in
                    let count = (rows + tile.rows - 1) / tile.rows * ((columns + tile.columns - 1) / tile.columns)
                    // On any device as many as a small one needs: a guess of its units may be wrong.
                    return count >= tile.rounds * max(features.unitCount, 16) && tile.hasRegisters(features)
                }
            }
        self = wanted.first { $0.fits(features) } ?? .small
    }

    private init(rows: Int, columns: Int, partRows: Int, rounds: Int) {
        (self.rows, self.columns, self.partRows, self.rounds) = (rows, columns, partRows, rounds)
    }

    private var invocationCount: Int { rows / partRows * (columns / ProductTile.partColumns) }

    private func fits(_ features: DeviceFeatures) -> Bool {
        4 * (rows + columns) * ProductTile.depth <= features.sharedMemory
            && invocationCount <= features.maxWorkgroupInvocations
    }

    /// Where subgroups are small an invocation has 128 registers or fewer: too few for 64 sums and all else.
    private func hasRegisters(_ features: DeviceFeatures) -> Bool { partRows < 8 || features.subgroupSize >= 32 }

    /// In the order of the shader's specialization constants, up to how the factors are read: a kernel for matrix units has the
    /// sides of a unit behind those of a part.
    var constants: [Int] {
        [invocationCount, rows, columns, ProductTile.depth, partRows, ProductTile.partColumns, 1, 1, 1]
    }
}
