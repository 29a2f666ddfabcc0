import Graphs
import Tensors

extension ValueViews {
    /// The slices that the kernels here need no copy of. What is fixed is cut on the host.
    init(of graph: Graph) {
        let fixed = Set(graph.parameters.map(\.value) + graph.constants.map(\.value))
        let roots = MemoryPlan(graph) { node in
            if case .slice = node.operation { true } else { node.operation.isReshape }
        }
        self.init(graph) { reader in
            guard !fixed.contains(roots.root(of: reader.node.inputs[reader.input])) else { return false }
            let isInRows = reader.view.run == reader.shape[-1]
            return switch reader.node.operation {
            case .layerNorm(let norm) where norm.isModulated && reader.input > 0:
                isInRows && reader.input >= reader.node.inputs.count - 2
            case .layerNorm, .rmsNorm: reader.input == 0 && reader.view.run % reader.shape[-1] == 0
            case .linear(let linear) where linear.epilogue == .gatedResidual && reader.input > 0:
                isInRows && reader.input == reader.node.inputs.count - 1
            case .linear: reader.input == 0 && isInRows
            case .attention, .concatenate, .slice, .transpose: isInRows
            default: false
            }
        }
    }
}
