/// What was measured to be the fastest on a device, for each product and each attention that was met.
struct Tuning: Hashable, Sendable {
    var products: [ProductProblem: Choice] = [:]
    var attention: [AttentionProblem: CooperativeAttentionTile.Way] = [:]
    /// Measured as well, with nothing faster than the rules.
    var usual: Set<TuningProblem> = []

    /// How a product is computed.
    struct Choice: Hashable, Sendable {
        /// Nil for that of the rules.
        var way: KernelWay?
        /// In how many parts its depth is cut, as far as it reaches; nil for as many as the rules say.
        var parts: Int?
    }

    /// How many problems are computed otherwise than by the rules.
    var count: Int { products.count + attention.count }

    /// All that were measured.
    var measured: Set<TuningProblem> {
        usual.union(products.keys.map { .product($0) }).union(attention.keys.map { .attention($0) })
    }

    /// The same with the depth of products cut as the rules say.
    var withoutParts: Tuning {
        var tuning = self
        tuning.products = products.compactMapValues { $0.way == nil ? nil : Choice(way: $0.way) }
        return tuning
    }

    func knows(_ problem: TuningProblem) -> Bool {
        switch problem {
        case .product(let product): products[product] != nil
        case .attention(let attention): self.attention[attention] != nil
        }
    }

    /// What was found out for all problems of a graph.
    mutating func settle(_ problems: Set<TuningProblem>, by found: Tuning) {
        for problem in problems {
            take(problem, from: found)
            if found.knows(problem) { usual.remove(problem) } else { usual.insert(problem) }
        }
    }

    /// What another one knows of a problem, or that it knows nothing.
    mutating func take(_ problem: TuningProblem, from other: Tuning) {
        switch problem {
        case .product(let product): products[product] = other.products[product]
        case .attention(let attention): self.attention[attention] = other.attention[attention]
        }
    }

    /// The options for a product: who asks for a way of his own gets that.
    func options(_ options: VulkanOptions, for problem: ProductProblem) -> VulkanOptions {
        guard options.choosesFreely, let choice = products[problem] else { return options }
        var chosen = choice.way?.applied(to: options) ?? options
        chosen.splits = choice.parts
        return chosen
    }

    /// How attention is cut into blocks, nil where nothing is known or somebody asks for something else.
    func way(_ options: VulkanOptions, for problem: AttentionProblem) -> CooperativeAttentionTile.Way? {
        options.staging == nil ? attention[problem] : nil
    }
}

extension VulkanOptions {
    /// Whether nobody says how products are to be computed.
    var choosesFreely: Bool { products == nil && staging == nil && tileSize == nil && splits == nil }
}
