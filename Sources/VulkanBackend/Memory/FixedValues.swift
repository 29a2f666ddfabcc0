import Graphs
import Tensors

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The parameters and constants of a graph, each in the forms that its readers want.
struct FixedValues {
    /// From the weights file: the same for every graph of a model.
    private(set) var parameters: [WeightItem] = []
    /// Part of the graph, and tables made for its nodes.
    private(set) var constants: [WeightItem] = []
    private let graph: Graph
    private let root: (ValueID) -> ValueID
    private let views: ValueViews
    private var names: [ValueID: String] = [:]

    /// - Parameters:
    ///   - tensors: of every parameter.
    ///   - weights: what product weights are stored as.
    init(
        _ graph: Graph, tensors: [ValueID: Tensor], weights: StorageType, views: ValueViews,
        root: @escaping (ValueID) -> ValueID
    ) {
        self.graph = graph
        self.root = root
        self.views = views
        var fixed = tensors
        for parameter in graph.parameters { names[parameter.value] = parameter.name }
        for constant in graph.constants {
            names[constant.value] = "constant \(constant.value.index)"
            fixed[constant.value] = constant.tensor
        }
        let constantIDs = Set(graph.constants.map(\.value))

        var known: Set<WeightSet.Key> = []
        func want(_ value: ValueID, _ form: WeightForm) {
            guard let tensor = fixed[root(value)] else { return }
            let key = key(value, form)
            guard known.insert(key).inserted else { return }
            let item = WeightItem(name: key.name, form: form, info: graph[value], tensor: tensor, first: key.first)
            if constantIDs.contains(root(value)) { constants.append(item) } else { parameters.append(item) }
        }
        for node in graph.nodes where !views.isView(node) {
            for (position, value) in node.inputs.enumerated() {
                want(value, FixedValues.form(of: node.operation, position: position, weights: weights))
            }
            if case .timestepEmbedding(let embedding) = node.operation {
                let item = FixedValues.frequencies(of: embedding)
                if known.insert(item.key).inserted { constants.append(item) }
            }
        }
        for output in graph.outputs { want(output.value, .plain) }
    }

    func key(_ value: ValueID, _ form: WeightForm) -> WeightSet.Key {
        WeightSet.Key(
            name: names[root(value)] ?? "value \(value.index)", form: form, info: graph[value],
            first: views[value].offset)
    }

    /// The form that a node wants its input in.
    static func form(of operation: Operation, position: Int, weights: StorageType) -> WeightForm {
        switch operation {
        case .linear where position == 1: .matrix(weights)
        case .convolution2D where position == 1: .kernel(weights)
        default: .plain
        }
    }

    /// period^(−j/(dimension/2)), in double precision before it is rounded.
    static func frequencies(of embedding: TimestepEmbedding) -> WeightItem {
        let half = embedding.dimension / 2
        let values = (0..<half).map { Float(pow(Double(embedding.period), -Double($0) / Double(half))) }
        let tensor = Tensor([half], values)
        return WeightItem(
            name: "frequencies \(embedding.dimension) \(embedding.period)", form: .plain,
            info: ValueInfo(shape: [half]), tensor: tensor)
    }
}
