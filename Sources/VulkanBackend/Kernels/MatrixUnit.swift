/// What multiplies small matrices at once in kernels that are built for it.
struct MatrixUnit: Hashable {
    /// Of the shaders.
    let variant: String
    let shape: CooperativeShape
    let subgroupSize: Int

    /// The variant of kernels for real units. They count subgroups, so that these must have the size that is expected.
    static let cooperative = "cooperative"

    /// Sums that an invocation has registers for beside everything else: where subgroups are small, as on Intel's cards, each
    /// has 128 or fewer in all.
    var mostSums: Int { variant == MatrixUnit.cooperative && subgroupSize < 32 ? 64 : 256 }
}

extension MatrixUnit {
    /// The unit to use, nil for kernels without: only where factors are float16 anyway, unless it is asked for.
    static func chosen(_ options: VulkanOptions, _ features: DeviceFeatures) -> MatrixUnit? {
        let isFree = options.products == nil || options.products == .integer
        let isWanted =
            [.cooperative, .workgroup].contains(options.products) || (isFree && options.storage == .float16)
        if isWanted, let shape = features.cooperativeMatrix {
            return MatrixUnit(variant: MatrixUnit.cooperative, shape: shape, subgroupSize: features.subgroupSize)
        }
        // Rows unlike columns, and two invocations a row, so that none is taken for another.
        let shape = CooperativeShape(rows: 8, columns: 16, depth: 16)
        return options.products == .emulated
            ? MatrixUnit(variant: "emulated", shape: shape, subgroupSize: options.emulatedSubgroupSize) : nil
    }
}
