import Foundation
import Graphs
import Tensors

/// Graphs like those of models, put together at random, with everything that passes look for: single and shared
/// uses, gates as views of different kinds, sums in both orders, attention over two stretches with norms and rotations
/// before it, intermediates that are outputs too.
public struct RandomGraph {
    private var generator: SeededGenerator
    private var builder = GraphBuilder()
    private let batch: Int
    private let tokens: Int
    private let width: Int
    /// Token values [B, T, D] and pictures [B, H, W, C] to build on.
    private var sequences: [ValueID] = []
    private var pictures: [ValueID] = []
    private var layerCount = 0

    /// A graph with about three nodes for each of `steps`, its weights and two runs of inputs.
    ///
    /// - Throws: `ShapeError` if the generator itself is wrong.
    public static func make(seed: UInt64, steps: Int) throws -> GraphCase {
        var random = RandomGraph(seed: seed)
        try random.build(steps: steps)
        return random.finished(label: "random graph \(seed)")
    }

    private init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
        batch = generator.integer(in: 1...3)
        tokens = [1, 4, 9][generator.integer(in: 0...2)]
        width = [4, 6, 16][generator.integer(in: 0...2)]
    }

    private mutating func build(steps: Int) throws {
        let x = builder.input("x", [batch, tokens, width])
        let picture = builder.input("picture", [batch, 3, 4, width])
        let modulation = try builder.linear(
            builder.input("condition", [batch, width]), "modulation", outputs: 6 * width)
        let table = try builder.reshape(modulation, [batch, 6, width])
        (sequences, pictures) = ([x], [picture])
        for step in 0..<steps {
            if generator.integer(in: 0...3) == 0 {
                pictures.append(try pictureStep(pick(pictures)))
            } else {
                sequences.append(try sequenceStep(pick(sequences), table))
            }
            // Now and then what lies inside a pattern is wanted outside as well.
            if generator.integer(in: 0...7) == 0 { builder.output("middle\(step)", pick(sequences)) }
        }
        builder.output("sequence", sequences[sequences.count - 1])
        builder.output("picture", pictures[pictures.count - 1])
    }

    private mutating func pick(_ values: [ValueID]) -> ValueID {
        // The latest is likely, so that chains grow.
        generator.integer(in: 0...2) > 0
            ? values[values.count - 1] : values[generator.integer(in: 0...values.count - 1)]
    }

    private mutating func layerName() -> String {
        layerCount += 1
        return "layer\(layerCount)"
    }

    private mutating func activation() -> Activation {
        Activation.allCases[generator.integer(in: 0...Activation.allCases.count - 1)]
    }

    /// Adds in one order or the other.
    private mutating func sum(_ a: ValueID, _ b: ValueID) throws -> ValueID {
        generator.next() % 2 == 0 ? try builder.add(a, b) : try builder.add(b, a)
    }

    private mutating func sequenceStep(_ x: ValueID, _ table: ValueID) throws -> ValueID {
        switch generator.integer(in: 0...9) {
        case 0: return try builder.activation(builder.linear(x, layerName(), outputs: width), activation())
        case 1: return try sum(x, builder.linear(x, layerName(), outputs: width))
        case 2:
            let y = try builder.linear(x, layerName(), outputs: width)
            return try sum(pick(sequences), builder.multiply(y, gate(of: table)))
        case 3:
            let shift = try rows(of: table)
            let scale = try rows(of: table)
            return try builder.modulate(builder.layerNorm(x, epsilon: 1e-5), shift: shift, scale: scale)
        case 4:
            let name = layerName()
            return try builder.activation(builder.rmsNorm(x, name, epsilon: 1e-5), activation())
        case 5:
            let joined = try builder.concatenate([x, pick(sequences)], axis: 1)
            return try builder.slice(joined, axis: 1, start: generator.integer(in: 0...tokens), count: tokens)
        case 6:
            let heads = try builder.reshape(x, [batch, tokens, 2, width / 2])
            let turned = try builder.transpose(heads, [0, 1, 3, 2])
            return try builder.reshape(turned, [batch, tokens, width])
        case 7:
            let name = layerName()
            return try builder.attention(
                x, builder.linear(x, "\(name).k", outputs: width), pick(sequences), headCount: 2)
        case 8: return try jointAttention(x)
        default:
            let hidden = try builder.linear(x, layerName(), outputs: 2 * width)
            let active = try builder.activation(hidden, activation())
            return try sum(x, builder.linear(active, layerName(), outputs: width))
        }
    }

    /// Attention of one sequence over itself and another.
    private mutating func jointAttention(_ x: ValueID) throws -> ValueID {
        let name = layerName()
        let other = pick(sequences)
        let q = try turned(x, "\(name).q")
        let keys = [try turned(x, "\(name).k"), try turned(other, "\(name).other_k")]
        let values = [
            try builder.linear(x, "\(name).v", outputs: width),
            try builder.linear(other, "\(name).other_v", outputs: width),
        ]
        return try builder.attention(
            q, builder.concatenate(keys, axis: 1), builder.concatenate(values, axis: 1), headCount: 2)
    }

    /// Heads of a product, normed and mostly turned. [B, T, D] → as x
    private mutating func turned(_ x: ValueID, _ name: String) throws -> ValueID {
        let y = try builder.linear(x, name, outputs: width)
        let heads = try builder.reshape(y, [batch, tokens, 2, width / 2])
        var result = try builder.rmsNorm(heads, "\(name)_norm", epsilon: 1e-5)
        if width % 4 == 0, generator.integer(in: 0...4) > 0 {
            let angles = (0..<tokens * width / 4).map { _ in Double(generator.integer(in: 0...628)) / 100 }
            result = try builder.rotary(
                result, cosine: builder.constant(Tensor([tokens, width / 4], angles.map { Float(cos($0)) })),
                sine: builder.constant(Tensor([tokens, width / 4], angles.map { Float(sin($0)) })),
                axisCount: width == 16 ? generator.integer(in: 1...2) : 1)
        }
        return try builder.reshape(result, [batch, tokens, width])
    }

    private mutating func pictureStep(_ x: ValueID) throws -> ValueID {
        let convolved = try builder.convolution2D(x, layerName(), outputs: width, kernel: 3, padding: 1)
        switch generator.integer(in: 0...3) {
        case 0: return try builder.activation(convolved, activation())
        case 1: return try sum(pick(pictures), convolved)
        case 2: return try sum(x, builder.activation(convolved, activation()))
        default:
            let norm = try builder.groupNorm(convolved, layerName(), groupCount: 2, epsilon: 1e-5)
            return try builder.activation(norm, activation())
        }
    }

    /// A random row of [B, 6, D], as [B, 1, D].
    private mutating func slice(of table: ValueID) throws -> ValueID {
        try builder.slice(table, axis: 1, start: generator.integer(in: 0...5), count: 1)
    }

    private mutating func rows(of table: ValueID) throws -> ValueID {
        try builder.reshape(slice(of: table), [batch, width])
    }

    /// A gate [B, 1, D] in the ways that models make one.
    private mutating func gate(of table: ValueID) throws -> ValueID {
        generator.next() % 2 == 0 ? try slice(of: table) : try builder.reshape(rows(of: table), [batch, 1, width])
    }

    private mutating func finished(label: String) -> GraphCase {
        let graph = builder.graph
        var parameters: [String: Tensor] = [:]
        for parameter in graph.parameters {
            let shape = graph[parameter.value].shape
            let fanIn = shape.rank > 1 ? shape.elementCount / shape[0] : 1
            parameters[parameter.name] = .normal(
                shape, deviation: 1 / Double(fanIn).squareRoot(), using: &generator)
        }
        let runs = (0..<2).map { _ in
            var inputs: [String: Tensor] = [:]
            for input in graph.inputs { inputs[input.name] = .normal(graph[input.value].shape, using: &generator) }
            return inputs
        }
        return GraphCase(
            label: label, graph: graph, parameters: DictionaryParameters(parameters), runs: runs,
            bound: Float32Bound.network)
    }
}
