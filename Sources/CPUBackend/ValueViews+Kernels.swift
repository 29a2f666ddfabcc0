import Graphs
import Tensors

extension ValueViews {
    /// The slices that the kernels here need no copy of.
    init(_ graph: Graph) {
        self.init(graph) { reader in
            let (view, shape) = (reader.view, reader.shape)
            switch reader.node.operation {
            case .rmsNorm: return reader.input == 0 && view.run % shape[-1] == 0
            case .attention: return view.run == shape[-1]
            case .concatenate(let axis):
                let width = shape.dimensions[axis...].reduce(1, *)
                return width % view.run == 0 || view.run % width == 0
            default: return false
            }
        }
    }
}
