public import Graphs
public import Tensors

/// Weights and inputs of any graph, in the size that keeps activations near one.
public struct RandomTensors: ParameterSource {
    public let origin = "random weights"
    /// By name, for `ExecutableGraph.run`.
    public let inputs: [String: Tensor]
    private let parameters: [String: Tensor]

    public init(for graph: Graph) {
        var generator = SystemRandomNumberGenerator()
        func tensor(_ info: ValueInfo) -> Tensor {
            let (shape, count) = (info.shape, info.shape.elementCount)
            if info.elementType == .int32 { return Tensor(shape, [Int32](repeating: 0, count: count)) }
            let fanIn = shape.rank < 2 ? 1 : shape.dimensions.dropFirst().reduce(1, *)
            let scale = shape.rank < 2 ? 1 : 1 / Float(fanIn).squareRoot()
            return Tensor(shape, (0..<count).map { _ in Float.random(in: -scale...scale, using: &generator) })
        }
        inputs = Dictionary(uniqueKeysWithValues: graph.inputs.map { ($0.name, tensor(graph[$0.value])) })
        parameters = Dictionary(uniqueKeysWithValues: graph.parameters.map { ($0.name, tensor(graph[$0.value])) })
    }

    public func tensor(named name: String) -> Tensor? { parameters[name] }
}
