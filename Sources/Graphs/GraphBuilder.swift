public import Tensors

/// Builds a graph node by node, checking shapes as it goes.
///
/// Parameter names follow the weights file: inside `scoped(to: "blocks.0")`, `linear(x, "qkv", …)` declares
/// `blocks.0.qkv.weight` and `blocks.0.qkv.bias`.
public struct GraphBuilder {
    public private(set) var graph = Graph()
    private var scopes: [String] = []

    public init() {}

    /// Runs `body` with `scope` put before the names that it declares.
    public mutating func scoped<Result>(
        to scope: String, _ body: (inout GraphBuilder) throws(ShapeError) -> Result
    ) throws(ShapeError) -> Result {
        scopes.append(scope)
        defer { scopes.removeLast() }
        return try body(&self)
    }

    /// `name` with the scopes before it.
    public func path(_ name: String) -> String {
        (scopes + [name]).joined(separator: ".")
    }

    public func shape(of value: ValueID) -> Shape { graph[value].shape }

    /// The innermost extent, 0 of a scalar: shape inference then says what is wrong.
    func width(of value: ValueID) -> Int { shape(of: value).dimensions.last ?? 0 }

    // MARK: Values from outside

    /// A value that every run is given.
    public mutating func input(_ name: String, _ shape: Shape, _ elementType: ElementType = .float32) -> ValueID {
        let value = makeValue(ValueInfo(shape: shape, elementType: elementType))
        graph.inputs.append(NamedValue(name: name, value: value))
        return value
    }

    /// A value of the weights file; asking twice for one name gives one value.
    public mutating func parameter(_ name: String, _ shape: Shape) throws(ShapeError) -> ValueID {
        let full = path(name)
        if let known = graph.parameters.first(where: { $0.name == full }) {
            guard graph[known.value].shape == shape else {
                throw ShapeError(
                    node: full, operation: "parameter", inputs: [graph[known.value].shape, shape],
                    rule: "one parameter has one shape")
            }
            return known.value
        }
        let value = makeValue(ValueInfo(shape: shape))
        graph.parameters.append(NamedValue(name: full, value: value))
        return value
    }

    /// A value that is the same for every model of this architecture.
    public mutating func constant(_ tensor: Tensor) -> ValueID {
        let value = makeValue(ValueInfo(shape: tensor.shape, elementType: tensor.elementType))
        graph.constants.append(Constant(value: value, tensor: tensor))
        return value
    }

    /// Names a value as a result of the graph.
    public mutating func output(_ name: String, _ value: ValueID) {
        graph.outputs.append(NamedValue(name: name, value: value))
    }

    // MARK: Nodes

    /// Adds one node and gives its result; the typed helpers below and in extensions all come here.
    public mutating func node(
        _ operation: Operation, _ inputs: [ValueID], name: String? = nil
    ) throws(ShapeError) -> ValueID {
        let full = path(name ?? operation.kind)
        let info = try operation.result(of: inputs.map { graph[$0] }, node: full)
        let output = makeValue(info)
        graph.nodes.append(Node(name: full, operation: operation, inputs: inputs, output: output))
        return output
    }

    private mutating func makeValue(_ info: ValueInfo) -> ValueID {
        graph.values.append(info)
        return ValueID(index: graph.values.count - 1)
    }
}
