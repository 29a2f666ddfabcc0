public import Tensors

/// A value of a graph: the result of a node, an input, a parameter or a constant.
public struct ValueID: Hashable, Sendable {
    /// Position in `Graph.values`.
    public let index: Int

    public init(index: Int) { self.index = index }
}

/// What is known of a value before anything runs.
public struct ValueInfo: Hashable, Sendable {
    public var shape: Shape
    public var elementType: ElementType

    public init(shape: Shape, elementType: ElementType = .float32) {
        self.shape = shape
        self.elementType = elementType
    }
}

/// A value with a name that the outside knows.
public struct NamedValue: Hashable, Sendable {
    public let name: String
    public let value: ValueID

    public init(name: String, value: ValueID) {
        self.name = name
        self.value = value
    }
}

/// A value that is part of the graph itself.
public struct Constant: Sendable {
    public let value: ValueID
    public let tensor: Tensor

    public init(value: ValueID, tensor: Tensor) {
        self.value = value
        self.tensor = tensor
    }
}

/// One step of a computation.
public struct Node: Hashable, Sendable {
    /// Where in the model it stands, for example `blocks.3.qkv`; for profiles and messages, not unique.
    public var name: String
    public var operation: Operation
    public var inputs: [ValueID]
    public var output: ValueID

    public init(name: String, operation: Operation, inputs: [ValueID], output: ValueID) {
        self.name = name
        self.operation = operation
        self.inputs = inputs
        self.output = output
    }
}

/// A model as data: nodes in an order in which they can run, every value with its shape.
///
/// Made by `GraphBuilder`, rewritten by passes, compiled by a `Backend`.
public struct Graph: Sendable {
    public var values: [ValueInfo]
    public var nodes: [Node]
    /// Given anew at every run.
    public var inputs: [NamedValue]
    /// Read from the model's weights at compile time; names are those of the file.
    public var parameters: [NamedValue]
    public var constants: [Constant]
    public var outputs: [NamedValue]

    public init() {
        values = []
        nodes = []
        inputs = []
        parameters = []
        constants = []
        outputs = []
    }

    public subscript(value: ValueID) -> ValueInfo { values[value.index] }
}
