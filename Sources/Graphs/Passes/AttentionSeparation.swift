import Tensors

/// The opposite of `AttentionFusion`, for backends whose kernels do not have in one what that joins.
public struct AttentionSeparation: GraphPass {
    public init() {}

    public var name: String { "separation" }

    public func apply(to graph: Graph) -> Graph {
        var result = graph
        result.nodes = []
        /// The result of a node before `node`.
        func value(_ node: Node, _ operation: Operation, of inputs: [ValueID], as info: ValueInfo) -> ValueID {
            result.values.append(info)
            let output = ValueID(index: result.values.count - 1)
            result.nodes.append(Node(name: node.name, operation: operation, inputs: inputs, output: output))
            return output
        }
        for var node in graph.nodes {
            let inputs = node.inputs
            switch node.operation {
            case .rmsNorm(var norm):
                guard let axisCount = norm.rotaryAxisCount else { break }
                norm.rotaryAxisCount = nil
                let rows = value(node, .rmsNorm(norm), of: Array(inputs[..<2]), as: graph[node.output])
                (node.operation, node.inputs) = (.rotary(axisCount: axisCount), [rows, inputs[2], inputs[3]])
            case .attention(var attention):
                guard attention.hasMoreKeys else { break }
                attention.hasMoreKeys = false
                var info = graph[inputs[1]]
                info.shape = info.shape.replacing(axis: 1, with: info.shape[1] + graph[inputs[3]].shape[1])
                let k = value(node, .concatenate(axis: 1), of: [inputs[1], inputs[3]], as: info)
                let v = value(node, .concatenate(axis: 1), of: [inputs[2], inputs[4]], as: info)
                (node.operation, node.inputs) = (.attention(attention), [inputs[0], k, v])
            default: break
            }
            result.nodes.append(node)
        }
        return result
    }
}
