/// How a product is computed by matrices of whole workgroups.
struct WorkgroupPlan {
    /// Of the shader.
    let variant: String
    let tile: WorkgroupTile
    /// Of a convolution: the patch of pixels that a tile's rows are.
    let patch: (height: Int, width: Int)
    /// Whether no tile reaches beyond a matrix.
    let isWhole: Bool
    /// With the steps of all of a convolution's taps for the depth.
    let split: ProductSplit
    /// Workgroups, as those of a `ProductPlan`.
    let groups: (x: Int, y: Int, z: Int)

    /// The variant of kernels for real matrices.
    static let real = "workgroup"

    /// What emulated matrices may be like, whose factors lie in shared memory in float32.
    private static func emulated(_ features: DeviceFeatures) -> [WorkgroupShape] {
        let shape = WorkgroupShape(rows: 8, columns: 8, depth: 8, invocationCount: 128, largestSide: 64)
        return 4 * 2 * shape.largestSide * shape.largestSide <= features.sharedMemory ? [shape] : []
    }

    /// Nil unless the options ask for such matrices and one of the sizes is allowed.
    init?(_ problem: ProductProblem, _ options: VulkanOptions, _ features: DeviceFeatures) {
        let isEmulated = options.products == .emulatedWorkgroup
        guard isEmulated || options.products == .workgroup,
            let tile = WorkgroupTile(
                isEmulated ? WorkgroupPlan.emulated(features) : features.workgroupMatrices, size: options.tileSize,
                rows: problem.rows, columns: problem.columns, features)
        else { return nil }
        self.tile = tile
        variant = isEmulated ? "workgroup_emulated" : WorkgroupPlan.real
        let across = (problem.columns + tile.columns - 1) / tile.columns
        var down = (problem.rows + tile.rows - 1) / tile.rows
        let (taps, inner) = (problem.window?.taps ?? 1, problem.inner / (problem.window?.taps ?? 1))
        var isWhole = problem.columns % tile.columns == 0 && inner % tile.depth == 0
        if let window = problem.window {
            let patch = tile.patch(height: window.height, width: window.width)
            let pictures = tile.rows / (patch.height * patch.width)
            let pictureCount = problem.rows / (window.height * window.width)
            self.patch = patch
            down =
                (pictureCount + pictures - 1) / pictures * ((window.height + patch.height - 1) / patch.height)
                * ((window.width + patch.width - 1) / patch.width)
            isWhole =
                isWhole && pictureCount % pictures == 0 && window.height % patch.height == 0
                && window.width % patch.width == 0
        } else {
            patch = (1, tile.rows)
            isWhole = isWhole && problem.rows % tile.rows == 0
        }
        self.isWhole = isWhole
        let steps = taps * ((inner + tile.depth - 1) / tile.depth)
        split = ProductSplit(
            tiles: across * down, of: (tile.rows, tile.columns), inner: steps * tile.depth, depth: tile.depth,
            units: features.unitCount, most: ProductSplit.room(rows: problem.rows, columns: problem.columns),
            wanted: options.splits)
        groups = ProductPlan.folded(across: across * split.count, down: down)
    }

    /// In the order of the shader's specialization constants.
    func constants(flags: Int32, activation: UInt32) -> [Int] {
        [
            tile.invocationCount, tile.rows, tile.columns, tile.depth, tile.turn, isWhole ? 0 : 1, patch.height,
            patch.width, Int(flags), Int(activation),
        ]
    }
}
