public import Graphs
import Tensors
public import Testing

/// What every backend is held to.
public enum ConformanceSuite {
    /// Every operation at every size, each a graph of its own.
    ///
    /// - Throws: `ShapeError` if a case is written wrongly.
    public static func operations() throws -> [GraphCase] {
        let cases: [any OpCase] =
            LinearCase.all + Convolution2DCase.all + AttentionCase.all + LayerNormCase.all + RMSNormCase.all
            + GroupNormCase.all + ModulateCase.all + ActivationCase.all + BinaryCase.all + ConcatenateCase.all
            + SliceCase.all + ReshapeCase.all + TransposeCase.all + UpsampleCase.all + MeanCase.all
            + EmbeddingCase.all + TimestepEmbeddingCase.all + RotaryCase.all
        return try cases.enumerated().map { try $1.prepared(seed: UInt64($0 + 1)) }
    }
}

/// Records an issue unless `backend` computes what the reference does, in every run.
public func checkConformance(
    of backend: any Backend, to graphCase: GraphCase, sourceLocation: SourceLocation = #_sourceLocation
) throws {
    let reference = try ReferenceBackend().compile(graphCase.graph, parameters: graphCase.parameters)
    let program = try backend.compile(graphCase.graph, parameters: graphCase.parameters)
    for (run, inputs) in graphCase.runs.enumerated() {
        let (expected, found) = (try reference.run(inputs), try program.run(inputs))
        for (name, tensor) in expected {
            expectClose(
                found[name], tensor, bound: graphCase.bound,
                "\(backend.name): \(graphCase.label), run \(run), '\(name)':", sourceLocation: sourceLocation)
        }
    }
}
