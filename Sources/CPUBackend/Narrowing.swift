import Graphs
import Tensors

/// Makes bfloat16 what lies between a node that can write it and products that would round it anyway: no copy before each
/// product, and half the bytes.
struct Narrowing: GraphPass {
    /// Whether convolutions round their pictures to bfloat16, as linear layers do their rows.
    let roundsConvolutions: Bool

    var name: String { "narrowing" }

    func apply(to graph: Graph) -> Graph {
        var readers = [[(node: Node, position: Int)]](repeating: [], count: graph.values.count)
        for node in graph.nodes {
            for (position, input) in node.inputs.enumerated() { readers[input.index].append((node, position)) }
        }
        let outputs = Set(graph.outputs.map(\.value))
        var result = graph
        /// Whether all that reads a value, or a reshape of it, rounds it.
        func isRounded(_ value: ValueID) -> Bool {
            guard !outputs.contains(value), !readers[value.index].isEmpty else { return false }
            return readers[value.index].allSatisfy { reader in
                reader.node.operation.isReshape
                    ? isRounded(reader.node.output) : reader.position == 0 && rounds(reader.node)
            }
        }
        func narrow(_ value: ValueID) {
            result.values[value.index].elementType = .bfloat16
            for reader in readers[value.index] where reader.node.operation.isReshape { narrow(reader.node.output) }
        }
        for node in graph.nodes where Narrowing.writes(node) && isRounded(node.output) { narrow(node.output) }
        return result
    }

    /// Whether a node rounds its first input.
    private func rounds(_ node: Node) -> Bool {
        switch node.operation {
        case .linear: true
        case .convolution2D: roundsConvolutions
        default: false
        }
    }

    /// Whether the kernel of a node writes bfloat16, too.
    private static func writes(_ node: Node) -> Bool {
        switch node.operation {
        case .linear(let linear): linear.epilogue == .none
        case .layerNorm, .attention: true
        case .rmsNorm(let norm): norm.rotaryAxisCount == nil
        default: false
        }
    }
}
