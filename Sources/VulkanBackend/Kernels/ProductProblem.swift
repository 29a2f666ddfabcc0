import Graphs
import Tensors

/// A product as its kernel sees it, whatever the weights: what decides which way of computing it is fastest on a device.
struct ProductProblem: Hashable, Sendable, Codable {
    let rows: Int
    let columns: Int
    /// Elements that are summed, of all taps.
    let inner: Int
    /// Of a convolution, nil for a plain product.
    var window: Window?

    /// Of a convolution: its taps, and the height and width of its result.
    struct Window: Hashable, Sendable, Codable {
        let taps: Int
        let height: Int
        let width: Int
    }
}

extension ProductProblem {
    /// x [..., in], weight [out, in] → [..., out], or, of a convolution, x [B, H, W, in], weight [out, in, k, k] → [B, H', W', out]
    init(_ result: Shape, weight: Shape, isConvolution: Bool) {
        self.init(
            rows: result.elementCount / max(1, result[-1]), columns: result[-1],
            inner: weight.dimensions.dropFirst().reduce(1, *),
            window: isConvolution ? Window(taps: weight[2] * weight[3], height: result[1], width: result[2]) : nil)
    }

    /// That of a node, nil if it is no product.
    init?(_ node: Node, in graph: Graph) {
        var isConvolution = false
        switch node.operation {
        case .linear: break
        case .convolution2D(let convolution):
            isConvolution = !convolution.isPlain(kernel: graph[node.inputs[1]].shape[2])
        default: return nil
        }
        self.init(graph[node.output].shape, weight: graph[node.inputs[1]].shape, isConvolution: isConvolution)
    }
}
