public import Graphs
public import Tensors
public import Testing

/// A graph with all it needs to run, and how near to the reference a float32 backend must come.
public struct GraphCase: Sendable, CustomTestStringConvertible {
    public let label: String
    public let graph: Graph
    public let parameters: DictionaryParameters
    /// Inputs of consecutive runs of one compiled graph: what one run leaves behind must not show in the next.
    public let runs: [[String: Tensor]]
    /// Largest normalised mean squared error of an output.
    public let bound: Double

    public init(
        label: String, graph: Graph, parameters: DictionaryParameters, runs: [[String: Tensor]], bound: Double
    ) {
        self.label = label
        self.graph = graph
        self.parameters = parameters
        self.runs = runs
        self.bound = bound
    }

    public var testDescription: String { label }
}
