public import Graphs
public import Tensors

/// One operation at one size: what a conformance suite runs on every backend.
///
/// **The bounds.** float32 rounds with unit u = 2⁻²⁴ ≈ 6.0·10⁻⁸. Adding K terms of like size one after another,
/// step k rounds a partial sum of variance kσ² with a relative error of variance u²/3, so the sum's error has
/// variance about K²σ²u²/6 against a result of variance Kσ²: an NMSE of K·u²/6, plus 2u²/3 for rounding products
/// and result. At K = 1,000 that is 6·10⁻¹³; blocked sums have less, Winograd convolutions were measured at
/// 2·10⁻¹². Polynomial exponentials and error functions of the usual libraries are good to 1.5·10⁻⁷, which is
/// 2·10⁻¹⁴. `Float32Bound.arithmetic` = 10⁻¹⁰ leaves a factor of fifty for cancellation in cases with few
/// elements, and is still a hundred thousand times below what any bf16 or fp16 rounding would make (2·10⁻⁶,
/// 4·10⁻⁸). Operations that only move elements must be exact.
public protocol OpCase: Sendable {
    /// Says in a test's name what is special here.
    var label: String { get }
    /// Largest normalised mean squared error against the reference.
    var bound: Double { get }
    /// Declares inputs and parameters, and makes the one node.
    func build(_ builder: inout GraphBuilder) throws(ShapeError) -> ValueID
    /// The tensor for an input or parameter.
    func tensor(_ name: String, _ info: ValueInfo, using generator: inout SeededGenerator) -> Tensor
}

public enum Float32Bound {
    /// For sums of products and smooth functions; see `OpCase`.
    public static let arithmetic = 1e-10
    /// For operations that only move elements.
    public static let exact = 0.0
    /// For tens of operations in a row: each may add its own error, and a norm of a value near zero enlarges what
    /// came before it by the value's deviation, hardly more than three times (nine, squared) in random networks.
    public static let network = 1e-9
}

extension OpCase {
    public var bound: Double { Float32Bound.arithmetic }

    public func tensor(_ name: String, _ info: ValueInfo, using generator: inout SeededGenerator) -> Tensor {
        .normal(info.shape, using: &generator)
    }

    /// The case with its graph and random tensors for two runs.
    public func prepared(seed: UInt64) throws -> GraphCase {
        var builder = GraphBuilder()
        let result = try build(&builder)
        builder.output("result", result)
        let graph = builder.graph
        var generator = SeededGenerator(seed: seed)
        var parameters: [String: Tensor] = [:]
        for parameter in graph.parameters {
            parameters[parameter.name] = tensor(parameter.name, graph[parameter.value], using: &generator)
        }
        let runs = (0..<2).map { _ in
            var inputs: [String: Tensor] = [:]
            for input in graph.inputs {
                inputs[input.name] = tensor(input.name, graph[input.value], using: &generator)
            }
            return inputs
        }
        return GraphCase(
            label: label, graph: graph, parameters: DictionaryParameters(parameters), runs: runs, bound: bound)
    }
}
