public import Tensors

/// Something that turns a graph into a program for a device.
public protocol Backend: Sendable {
    /// For messages and reports, for example `cpu (oneDNN 2.6.3, 2 threads)`.
    var name: String { get }

    /// Rewrites, plans and prepares a graph, with its weights packed for the device.
    ///
    /// - Throws: `ParameterError` when a weight is missing or of another shape, or the backend's own error.
    func compile(_ graph: Graph, parameters: any ParameterSource) throws -> any ExecutableGraph

    /// Whether the device has room for a valid graph's values as this backend would lay them out, its weights aside; always
    /// where they lie in the host's memory, which grows as needed.
    func holds(_ graph: Graph) -> Bool
}

extension Backend {
    public func holds(_ graph: Graph) -> Bool { true }
}

/// A graph ready to run; for one thread at a time.
public protocol ExecutableGraph: AnyObject {
    /// Runs the graph once.
    ///
    /// - Parameter inputs: a tensor for every input of the graph, by name, of the declared shape and type.
    /// - Returns: the outputs by name.
    /// - Throws: `InputError` for a missing or misshaped input, or the backend's own error.
    func run(_ inputs: [String: Tensor]) throws -> [String: Tensor]

    /// What each node cost, summed over the runs since profiling was switched on.
    var profile: [NodeCost] { get }

    /// Whether runs are timed node by node.
    var isProfiling: Bool { get set }
}

/// Where a graph's parameters come from, for example a safetensors file.
public protocol ParameterSource: Sendable {
    /// The tensor of that name, or nil if there is none.
    func tensor(named name: String) -> Tensor?
    /// For error messages: the file, or what else it is.
    var origin: String { get }
    /// The stored type of a tensor that is there but that nothing here can read, for example `F8_E4M3`.
    func unreadableType(ofTensorNamed name: String) -> String?
}

extension ParameterSource {
    public func unreadableType(ofTensorNamed name: String) -> String? { nil }
}

/// A weight that the model needs and the file does not have as needed.
public struct ParameterError: Error, Hashable, Sendable, CustomStringConvertible {
    public let name: String
    public let origin: String
    public let expected: Shape
    /// The shape that the file has, nil if it has no such tensor.
    public let found: Shape?
    /// The stored type if the file has the tensor in a type that cannot be read.
    public let unreadableType: String?

    public init(
        name: String, origin: String, expected: Shape, found: Shape?, unreadableType: String? = nil
    ) {
        self.name = name
        self.origin = origin
        self.expected = expected
        self.found = found
        self.unreadableType = unreadableType
    }

    public var description: String {
        let fault =
            found.map { "is \($0) there" } ?? unreadableType.map { "is stored as \($0)" } ?? "is missing"
        return "\(origin): the model needs '\(name)' as \(expected), but it \(fault); "
            + "use the weights file that belongs to this manifest"
    }
}

/// An input of a run that is not as the graph declares it.
public struct InputError: Error, Hashable, Sendable, CustomStringConvertible {
    public let name: String
    public let expected: ValueInfo
    /// What was given, nil if nothing.
    public let found: ValueInfo?

    public init(name: String, expected: ValueInfo, found: ValueInfo?) {
        self.name = name
        self.expected = expected
        self.found = found
    }

    public var description: String {
        let given = found.map { "\($0.elementType) \($0.shape)" } ?? "nothing"
        return "input '\(name)' is \(expected.elementType) \(expected.shape), but \(given) was given"
    }
}

/// What a node cost.
public struct NodeCost: Hashable, Sendable {
    public let name: String
    public let operation: String
    public var seconds: Double
    public var runs: Int
    /// Floating-point operations of one run, a multiply-add counted as two.
    public let floatingPointOperations: Int
    /// Bytes read and written by one run, weights included.
    public let bytes: Int

    public init(
        name: String, operation: String, seconds: Double, runs: Int, floatingPointOperations: Int, bytes: Int
    ) {
        self.name = name
        self.operation = operation
        self.seconds = seconds
        self.runs = runs
        self.floatingPointOperations = floatingPointOperations
        self.bytes = bytes
    }
}
