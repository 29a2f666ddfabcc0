/// How a product of bytes is cut into tiles; its depth counts words of four.
struct IntegerTile: Hashable {
    let rows: Int
    let columns: Int
    private static let depth = 16
    /// What an invocation computes: this many rows and columns.
    private static let part = 4

    /// Large tiles where a device has enough to do with them.
    init(rows: Int, columns: Int, _ features: DeviceFeatures) {
        let isLarge = rows * columns >= 512 * 512 && features.maxWorkgroupInvocations >= 256
        (self.rows, self.columns) = isLarge ? (64, 64) : (32, 32)
    }

    private var invocationCount: Int { rows / IntegerTile.part * (columns / IntegerTile.part) }

    /// In the order of the shader's specialization constants.
    var constants: [Int] {
        [invocationCount, rows, columns, IntegerTile.depth, IntegerTile.part, IntegerTile.part]
    }
}
