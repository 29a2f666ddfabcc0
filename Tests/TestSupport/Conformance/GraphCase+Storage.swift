import Graphs
public import Tensors

/// How a backend under test stores what lies between nodes, and the weights of products.
public struct StorageUnderTest: Hashable, Sendable {
    public enum Weights: Hashable, Sendable {
        case asActivations
        /// Signed bytes, max|w|/127 a step, for each output channel.
        case int8
    }

    public let activations: ElementType
    public let weights: Weights
    /// Whether the weights of attention's softmax are rounded as activations are, too.
    public let roundsSoftmax: Bool

    /// Whether linear layers, and convolutions of single pixels, bring the rows of their input to bytes, too.
    public let hasIntegerRows: Bool

    public init(
        activations: ElementType = .float32, weights: Weights = .asActivations, roundsSoftmax: Bool = false,
        hasIntegerRows: Bool = false
    ) {
        self.hasIntegerRows = hasIntegerRows
        self.activations = activations
        self.weights = weights
        self.roundsSoftmax = roundsSoftmax
    }

    /// Largest relative error of storing one element.
    ///
    /// bfloat16 keeps 8 bits and is rounded to nearest: 2⁻⁸. float16 keeps 11 bits, but Vulkan lets a device round it
    /// either way: 2⁻¹⁰.
    var unit: Double {
        switch activations {
        case .bfloat16: 0x1p-8
        case .float16: 0x1p-10
        case .float32, .int32: 0
        }
    }
}

extension GraphCase {
    /// The case for a backend that stores values so, with as narrow a bound as that allows.
    ///
    /// Everything given is rounded to what the backend can store, so that nothing is lost on the way in: only storing
    /// the result is left, which changes each element by no more than `unit`. By the triangle inequality the error
    /// norm then is at most √bound + unit of the result's for each node that computes; and what only moves elements
    /// stays exact. Inputs and results pass through a product with one, because a backend may keep the ends of a graph wide.
    public func stored(_ storage: StorageUnderTest) -> GraphCase {
        let narrow = storage.activations != .float32
        let weights = weightNames
        var rounded = parameters.tensors
        for (name, tensor) in rounded {
            if storage.weights == .int8, weights.contains(name) {
                rounded[name] = tensor.quantizedRows()
            } else if narrow {
                rounded[name] = Tensor(tensor.shape, rounding: tensor.floats(), to: storage.activations).widened
            }
        }
        let rows = rowNames
        let given =
            !narrow
            ? runs.map { run in
                guard storage.hasIntegerRows else { return run }
                return run.reduce(into: run) { given, input in
                    if rows.contains(input.key) { given[input.key] = input.value.quantizedRows(along: -1) }
                }
            }
            : runs.map { run in
                run.mapValues { tensor in
                    tensor.elementType == .int32
                        ? tensor : Tensor(tensor.shape, rounding: tensor.floats(), to: storage.activations).widened
                }
            }
        let computing = graph.nodes.filter { graph.floatingPointOperations(of: $0) > 0 }.reduce(0) { sum, node in
            // Each weight is off by a unit, and so is a mean by these weights; their sum is taken before.
            if case .attention = node.operation, storage.roundsSoftmax { sum + 3 } else { sum + 1 }
        }
        let root = bound.squareRoot() + Double(computing) * storage.unit
        return GraphCase(
            label: label, graph: narrow ? graph.withProductsAtTheEnds() : graph,
            parameters: DictionaryParameters(rounded), runs: given, bound: root * root)
    }

    /// A network of many nodes for a backend that stores values so: every node's result and every weight is rounded,
    /// each of which may change it by `unit`, or a 127th of the largest for bytes, and a norm may enlarge what comes
    /// in, squared up to nine times.
    public func storedThroughout(_ storage: StorageUnderTest) -> GraphCase {
        let weights = storage.weights == .int8 ? 1.0 / 127 : storage.unit
        let roundings = Double(graph.nodes.count) * (storage.unit * storage.unit + weights * weights)
        return GraphCase(label: label, graph: graph, parameters: parameters, runs: runs, bound: bound + 9 * roundings)
    }

    /// Inputs that are the left factor of a linear layer, or of a convolution that is one.
    private var rowNames: Set<String> {
        let values = Set(
            graph.nodes.compactMap { node -> ValueID? in
                switch node.operation {
                case .linear: node.inputs[0]
                case .convolution2D(let convolution)
                where graph[node.inputs[1]].shape[2] == 1 && convolution.stride == 1 && convolution.padding == 0:
                    node.inputs[0]
                default: nil
                }
            })
        return Set(graph.inputs.filter { values.contains($0.value) }.map(\.name))
    }

    /// Parameters that are weights of linear layers or convolutions.
    private var weightNames: Set<String> {
        let values = Set(
            graph.nodes.compactMap { node -> ValueID? in
                switch node.operation {
                case .linear, .convolution2D: node.inputs[1]
                default: nil
                }
            })
        return Set(graph.parameters.filter { values.contains($0.value) }.map(\.name))
    }
}

extension Graph {
    /// The same graph with every float32 input and output multiplied by one.
    fileprivate func withProductsAtTheEnds() -> Graph {
        var graph = self
        func add(_ info: ValueInfo) -> ValueID {
            graph.values.append(info)
            return ValueID(index: graph.values.count - 1)
        }
        let one = add(ValueInfo(shape: []))
        graph.constants.append(Constant(value: one, tensor: Tensor([], [Float(1)])))
        var (before, passed): ([Node], [ValueID: ValueID]) = ([], [:])
        for input in graph.inputs where graph[input.value].elementType == .float32 {
            let output = add(graph[input.value])
            before.append(Node(name: "in", operation: .multiply, inputs: [input.value, one], output: output))
            passed[input.value] = output
        }
        for index in graph.nodes.indices {
            graph.nodes[index].inputs = graph.nodes[index].inputs.map { passed[$0] ?? $0 }
        }
        graph.nodes = before + graph.nodes
        graph.outputs = graph.outputs.map { named in
            let output = add(graph[named.value])
            graph.nodes.append(Node(name: "out", operation: .multiply, inputs: [named.value, one], output: output))
            return NamedValue(name: named.name, value: output)
        }
        return graph
    }
}

extension Tensor {
    /// The same elements in float32.
    fileprivate var widened: Tensor { Tensor(shape, floats()) }

    /// Each part of the outermost axis, or each row of the innermost for −1, as multiples of a 127th of its largest
    /// magnitude.
    fileprivate func quantizedRows(along axis: Int = 0) -> Tensor {
        var values = floats()
        let width = axis == 0 ? values.count / max(1, shape[0]) : shape[-1]
        for row in 0..<values.count / max(1, width) {
            let range = row * width..<(row + 1) * width
            let scale = values[range].reduce(Float(0)) { max($0, abs($1)) } / 127
            for index in range where scale > 0 { values[index] = (values[index] / scale).rounded() * scale }
        }
        return Tensor(shape, values)
    }
}
