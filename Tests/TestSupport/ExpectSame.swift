public import Graphs
import Tensors
public import Testing

/// Whether a graph that a pass changed is sound and computes the same, by the reference.
///
/// Both are in double precision: only sums in another order may differ, by far less than a float's rounding.
public func expectSame(_ graph: Graph, _ changed: Graph, sourceLocation: SourceLocation = #_sourceLocation) throws {
    try changed.validate()
    var generator = SeededGenerator(seed: 7)
    var (parameters, inputs): ([String: Tensor], [String: Tensor]) = ([:], [:])
    for entry in graph.parameters { parameters[entry.name] = .normal(graph[entry.value].shape, using: &generator) }
    for entry in graph.inputs { inputs[entry.name] = .normal(graph[entry.value].shape, using: &generator) }
    let programs = try [graph, changed].map {
        try ReferenceBackend().compile($0, parameters: DictionaryParameters(parameters))
    }
    let (plain, found) = (try programs[0].run(inputs), try programs[1].run(inputs))
    #expect(Set(plain.keys) == Set(found.keys), sourceLocation: sourceLocation)
    for (name, tensor) in plain {
        expectClose(found[name], tensor, bound: 1e-14, name, sourceLocation: sourceLocation)
    }
}
