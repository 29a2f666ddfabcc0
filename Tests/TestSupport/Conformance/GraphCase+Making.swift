public import Graphs
import Tensors

extension GraphCase {
    /// A graph of one result, `result`, with weights and the inputs of two runs that follow from its label.
    ///
    /// - Throws: what `build` throws.
    public static func make(
        _ label: String, bound: Double, _ build: (inout GraphBuilder) throws -> ValueID
    ) throws -> GraphCase {
        var builder = GraphBuilder()
        builder.output("result", try build(&builder))
        let graph = builder.graph
        var generator = SeededGenerator(seed: UInt64(label.utf8.reduce(7) { 31 &* $0 &+ Int($1) }.magnitude))
        func tensor(_ value: ValueID) -> Tensor {
            let shape = graph[value].shape
            // Rows of weights of length one keep activations near one.
            let fanIn = shape.rank < 2 ? 1 : shape.dimensions.dropFirst().reduce(1, *)
            let deviation = shape.rank == 2 || shape.rank == 4 ? 1 / Double(fanIn).squareRoot() : 1
            return .normal(shape, deviation: deviation, using: &generator)
        }
        let parameters = Dictionary(uniqueKeysWithValues: graph.parameters.map { ($0.name, tensor($0.value)) })
        let runs = (0..<2).map { _ in
            Dictionary(uniqueKeysWithValues: graph.inputs.map { ($0.name, tensor($0.value)) })
        }
        return GraphCase(
            label: label, graph: graph, parameters: DictionaryParameters(parameters), runs: runs, bound: bound)
    }
}
