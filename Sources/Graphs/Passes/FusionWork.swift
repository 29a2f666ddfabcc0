import Tensors

/// A graph while `FusionPass` rewrites it.
struct FusionWork {
    private var graph: Graph
    /// What stands in the place of each node of the original graph: nothing once it was joined to a later one.
    private var places: [[Node]]
    private var useCounts: [Int]
    private var producers: [Int?]

    init(_ graph: Graph) {
        self.graph = graph
        places = graph.nodes.map { [$0] }
        useCounts = graph.useCounts
        producers = graph.producers
    }

    var result: Graph {
        var result = graph
        result.nodes = places.flatMap { $0 }
        return result
    }

    // MARK: Patterns

    mutating func joinActivation(_ activation: Activation, at place: Int) {
        guard let node = node(at: place), let (from, producer) = soleProducer(of: node.inputs[0]),
            let operation = producer.operation.followed(by: activation)
        else { return }
        join([from], at: place, operation, inputs: producer.inputs, named: producer.name)
    }

    mutating func joinModulation(at place: Int) {
        guard let node = node(at: place), let (from, producer) = soleProducer(of: node.inputs[0]),
            case .layerNorm(var norm) = producer.operation, !norm.isModulated
        else { return }
        norm.isModulated = true
        let inputs = producer.inputs + node.inputs[1...]
        join([from], at: place, .layerNorm(norm), inputs: inputs, named: producer.name)
    }

    /// Joins the sum at `place` with what makes its operand number `branch`.
    @discardableResult
    mutating func joinSum(at place: Int, branch: Int, residual: Int) -> Bool {
        guard let node = node(at: place), let (from, producer) = soleProducer(of: node.inputs[branch]),
            graph[node.inputs[0]].shape == graph[node.inputs[1]].shape
        else { return false }
        switch producer.operation {
        case .linear(var linear) where linear.epilogue == .none:
            linear.epilogue = .residual
            let inputs = producer.inputs + [node.inputs[residual]]
            join([from], at: place, .linear(linear), inputs: inputs, named: producer.name)
            return true
        case .convolution2D(var convolution) where !convolution.hasResidual:
            convolution.hasResidual = true
            let inputs = producer.inputs + [node.inputs[residual]]
            join([from], at: place, .convolution2D(convolution), inputs: inputs, named: producer.name)
            return true
        case .multiply:
            return joinGate(product: from, at: place, residual: node.inputs[residual], value: 0, gate: 1)
                || joinGate(product: from, at: place, residual: node.inputs[residual], value: 1, gate: 0)
        default: return false
        }
    }

    /// Joins residual + gate·linear(x), where `value` and `gate` number the product's operands.
    private mutating func joinGate(
        product productPlace: Int, at place: Int, residual: ValueID, value: Int, gate: Int
    ) -> Bool {
        guard let product = node(at: productPlace),
            let (from, producer) = soleProducer(of: product.inputs[value]),
            case .linear(var linear) = producer.operation, linear.epilogue == .none,
            graph[product.output].shape == graph[product.inputs[value]].shape,
            let rows = gateRows(product.inputs[gate], for: graph[product.output].shape, before: place)
        else { return false }
        linear.epilogue = .gatedResidual
        join(
            [from, productPlace], at: place, .linear(linear), inputs: producer.inputs + [residual, rows],
            named: producer.name)
        return true
    }

    /// The gate as [B, D], if all tokens of the result [B, T, D] share it; reshaped before `place` if it must be.
    private mutating func gateRows(_ gate: ValueID, for result: Shape, before place: Int) -> ValueID? {
        guard result.rank == 3 else { return nil }
        let shape = graph[gate].shape
        let padded = [Int](repeating: 1, count: 3 - shape.rank) + shape.dimensions
        guard padded == [result[0], 1, result[2]] else { return nil }
        let rows: Shape = [result[0], result[2]]
        if shape == rows { return gate }
        if let producer = producers[gate.index].flatMap({ node(at: $0) }), case .reshape = producer.operation,
            graph[producer.inputs[0]].shape == rows
        {
            return producer.inputs[0]
        }
        graph.values.append(ValueInfo(shape: rows))
        let reshaped = ValueID(index: graph.values.count - 1)
        useCounts.append(0)
        producers.append(place)
        useCounts[gate.index] += 1
        places[place].insert(
            Node(name: "gate", operation: .reshape(rows), inputs: [gate], output: reshaped), at: 0)
        return reshaped
    }

    /// Joins the rotation at `place` with the RMS norm before it.
    mutating func joinRotation(axisCount: Int, at place: Int) {
        guard let node = node(at: place), let (from, producer) = soleProducer(of: node.inputs[0]),
            case .rmsNorm(var norm) = producer.operation, norm.rotaryAxisCount == nil
        else { return }
        norm.rotaryAxisCount = axisCount
        let inputs = producer.inputs + node.inputs[1...]
        join([from], at: place, .rmsNorm(norm), inputs: inputs, named: producer.name)
    }

    /// Lets the attention at `place` read two stretches of keys and values where these are joined only for it.
    mutating func joinStretches(_ attention: Attention, at place: Int) {
        guard let node = node(at: place), !attention.hasMoreKeys,
            let (keyPlace, keys) = soleProducer(of: node.inputs[1]),
            let (valuePlace, values) = soleProducer(of: node.inputs[2]),
            case .concatenate(axis: 1) = keys.operation, case .concatenate(axis: 1) = values.operation,
            keys.inputs.count == 2, keys.inputs.map({ graph[$0].shape }) == values.inputs.map({ graph[$0].shape })
        else { return }
        var attention = attention
        attention.hasMoreKeys = true
        let inputs = [node.inputs[0], keys.inputs[0], values.inputs[0], keys.inputs[1], values.inputs[1]]
        join([keyPlace, valuePlace], at: place, .attention(attention), inputs: inputs, named: node.name)
    }

    // MARK: Bookkeeping

    private func node(at place: Int) -> Node? { places[place].last }

    /// The node that makes a value and its place, if the value is read once and is no output.
    private func soleProducer(of value: ValueID) -> (place: Int, node: Node)? {
        guard useCounts[value.index] == 1, let place = producers[value.index], let node = node(at: place),
            node.output == value
        else { return nil }
        return (place, node)
    }

    /// Puts one node in the place of the one at `place` and those in `earlier`.
    private mutating func join(
        _ earlier: [Int], at place: Int, _ operation: Operation, inputs: [ValueID], named name: String
    ) {
        guard let last = places[place].popLast() else { return }
        var gone = [last]
        for index in earlier {
            gone += places[index].suffix(1)
            // What was inserted before a joined node may be read by the new one.
            places[index].removeLast()
        }
        for input in gone.flatMap(\.inputs) { useCounts[input.index] -= 1 }
        for input in inputs { useCounts[input.index] += 1 }
        places[place].append(Node(name: name, operation: operation, inputs: inputs, output: last.output))
    }
}

extension Operation {
    /// The operation with an activation behind it, nil if it cannot have one.
    fileprivate func followed(by activation: Activation) -> Operation? {
        switch self {
        case .linear(var linear) where linear.activation == nil && linear.epilogue == .none:
            linear.activation = activation
            return .linear(linear)
        case .convolution2D(var convolution) where convolution.activation == nil && !convolution.hasResidual:
            convolution.activation = activation
            return .convolution2D(convolution)
        // The rotation would come behind the activation.
        case .rmsNorm(var norm) where norm.activation == nil && norm.rotaryAxisCount == nil:
            norm.activation = activation
            return .rmsNorm(norm)
        case .groupNorm(var norm) where norm.activation == nil:
            norm.activation = activation
            return .groupNorm(norm)
        default: return nil
        }
    }
}
