/// What was measured to be the fastest on a device, for each product and each attention that was met.
struct Tuning: Hashable, Sendable {
    var products: [ProductProblem: KernelWay] = [:]
    var attention: [AttentionProblem: TileStaging] = [:]

    /// The options for a product: who asks for a way of his own gets that.
    func options(_ options: VulkanOptions, for problem: ProductProblem) -> VulkanOptions {
        guard options.choosesFreely, let way = products[problem] else { return options }
        return way.applied(to: options)
    }

    /// How attention brings its tiles to shared memory, nil where nothing is known or somebody asks for something else.
    func staging(_ options: VulkanOptions, for problem: AttentionProblem) -> TileStaging? {
        options.choosesFreely ? attention[problem] : nil
    }

    /// With what another one knows, which wins.
    func merged(with other: Tuning) -> Tuning {
        Tuning(
            products: products.merging(other.products) { $1 }, attention: attention.merging(other.attention) { $1 })
    }
}

extension VulkanOptions {
    /// Whether nobody says how products are to be computed.
    var choosesFreely: Bool { products == nil && staging == nil && tileSize == nil && splits == nil }
}
