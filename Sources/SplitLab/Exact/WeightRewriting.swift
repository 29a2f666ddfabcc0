import Graphs
import Tensors

/// Another version of a model's weights, made as a graph is compiled: twins of the verifier for experiments.
enum WeightRewriting: Hashable, Sendable {
    /// Each row of a matrix rounded to integers of some bits, with a scale of its own.
    case integers(bits: Int)
    /// Blocks that add nothing to what goes through them.
    case skippedBlocks(Set<Int>)

    func apply(to tensor: Tensor, named name: String) -> Tensor {
        switch self {
        case .integers(let bits): return tensor.shape.dimensions.count == 2 ? rounded(tensor, bits: bits) : tensor
        case .skippedBlocks(let blocks):
            let parts = name.split(separator: ".")
            guard parts.count == 4, parts[0] == "blocks", let block = Int(parts[1]), blocks.contains(block),
                parts[2] == "proj" || parts[2] == "fc2"
            else { return tensor }
            return Tensor(tensor.shape, [Float](repeating: 0, count: tensor.shape.elementCount))
        }
    }

    private func rounded(_ tensor: Tensor, bits: Int) -> Tensor {
        var values = tensor.floats()
        let rowLength = tensor.shape.dimensions[1]
        let largest = Float((1 << (bits - 1)) - 1)
        for start in stride(from: 0, to: values.count, by: rowLength) {
            let row = start..<start + rowLength
            let scale = row.reduce(0) { max($0, abs(values[$1])) } / largest
            guard scale > 0 else { continue }
            for i in row { values[i] = (values[i] / scale).rounded() * scale }
        }
        return Tensor(tensor.shape, values)
    }
}

/// A backend that compiles every graph with rewritten weights.
struct RewritingBackend: Backend {
    let base: any Backend
    let rewriting: WeightRewriting

    var name: String { base.name }

    func compile(_ graph: Graph, parameters: any ParameterSource) throws -> any ExecutableGraph {
        try base.compile(graph, parameters: Rewritten(base: parameters, rewriting: rewriting))
    }

    func holds(_ graph: Graph) -> Bool { base.holds(graph) }

    private struct Rewritten: ParameterSource {
        let base: any ParameterSource
        let rewriting: WeightRewriting

        var origin: String { base.origin }

        func tensor(named name: String) -> Tensor? {
            base.tensor(named: name).map { rewriting.apply(to: $0, named: name) }
        }

        func unreadableType(ofTensorNamed name: String) -> String? { base.unreadableType(ofTensorNamed: name) }
    }
}
