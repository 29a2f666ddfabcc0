/// One way to compute a product: a kernel and, where it has several, the size of its tiles.
enum KernelWay: Hashable, Sendable {
    /// Without matrix units.
    case plain(ProductKernel)
    /// With the device's units, by the number among the sizes of a staging.
    case units(TileStaging, Int)
    /// By matrices of whole workgroups, by the number among their sizes.
    case workgroup(Int)

    /// Every way that a device has for products as the options store them.
    static func all(_ options: VulkanOptions, _ features: DeviceFeatures) -> [KernelWay] {
        var ways = [ProductKernel.small, .medium, .large].map { KernelWay.plain($0) }
        guard let unit = MatrixUnit.chosen(options, features) else { return ways }
        for staging in TileStaging.allCases {
            let sizes = CooperativeTile.sizes(staging)
            ways += sizes.indices.filter { CooperativeTile(unit, sizes[$0]).fits(features) }.map { .units(staging, $0) }
        }
        let sizes = WorkgroupTile.sizes
        ways += sizes.indices.filter { sizes[$0].isAllowed(by: features.workgroupMatrices) }.map { .workgroup($0) }
        return ways
    }

    /// The options for products that are computed this way.
    func applied(to options: VulkanOptions) -> VulkanOptions {
        var options = options
        switch self {
        case .plain(let kernel): options.products = kernel
        case .units(let staging, let size):
            (options.products, options.staging, options.tileSize) = (.cooperative, staging, size)
        case .workgroup(let size): (options.products, options.tileSize) = (.workgroup, size)
        }
        return options
    }

    /// What it is by its measures, so that it is found again, or not at all, when the lists of sizes have changed.
    var name: String {
        switch self {
        case .plain(let kernel): kernel.rawValue
        case .units(let staging, let number):
            "matrix units, \(CooperativeTile.sizes(staging)[number].name)"
        case .workgroup(let number): "matrices of workgroups, \(WorkgroupTile.sizes[number].name)"
        }
    }
}
