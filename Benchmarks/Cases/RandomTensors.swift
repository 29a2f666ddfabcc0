public import Graphs
public import Tensors

/// Weights and inputs of any graph, in the size that keeps activations near one, the same at every run and, by
/// `Benchmarks/tensors.py`, in PyTorch: nothing has to be carried to the machine that measures.
///
/// Uniform, by a hash of an element's position and the tensor's name: inputs of variance one; weights that keep it;
/// biases in ±0.1, so that they do not drown what depends on the inputs; and scales of norms within a half of one.
public struct RandomTensors: ParameterSource {
    public let origin = "random weights"
    /// By name, for `ExecutableGraph.run`.
    public let inputs: [String: Tensor]
    private let parameters: [String: Tensor]

    public init(for graph: Graph) {
        inputs = Dictionary(
            uniqueKeysWithValues: graph.inputs.map { input in
                let info = graph[input.value]
                let scale = info.shape.rank < 2 ? 1 : Float(3).squareRoot()
                return (input.name, RandomTensors.tensor(input.name, info, scale: scale))
            })
        parameters = Dictionary(
            uniqueKeysWithValues: graph.parameters.map { parameter in
                let (name, info) = (parameter.name, graph[parameter.value])
                let tensor =
                    switch info.shape.rank {
                    case 0...1 where name.hasSuffix("bias"): RandomTensors.tensor(name, info, scale: 0.1)
                    case 0...1: RandomTensors.tensor(name, info, scale: 0.5, middle: 1)
                    default:
                        RandomTensors.tensor(
                            name, info,
                            scale: (3 / Float(info.shape.dimensions.dropFirst().reduce(1, *))).squareRoot())
                    }
                return (name, tensor)
            })
    }

    public func tensor(named name: String) -> Tensor? { parameters[name] }

    private static func tensor(_ name: String, _ info: ValueInfo, scale: Float, middle: Float = 0) -> Tensor {
        let (shape, count) = (info.shape, info.shape.elementCount)
        if info.elementType == .int32 { return Tensor(shape, [Int32](repeating: 0, count: count)) }
        let key = key(of: name)
        let storage = OwnedStorage(byteCount: 4 * count) { bytes in
            let elements = bytes.bindMemory(to: Float.self)
            for index in 0..<count { elements[index] = middle + scale * element(index, key) }
        }
        return Tensor(shape: shape, elementType: .float32, storage: storage)
    }

    /// FNV-1a over the name's bytes.
    private static func key(of name: String) -> UInt32 {
        name.utf8.reduce(0x811C_9DC5) { ($0 ^ UInt32($1)) &* 0x0100_0193 }
    }

    /// A multiple of 2⁻²³ in −1..<1, by the finaliser of MurmurHash3.
    private static func element(_ index: Int, _ key: UInt32) -> Float {
        var x = UInt32(truncatingIfNeeded: index) &* 0x9E37_79B9 ^ key
        x ^= x >> 16
        x = x &* 0x85EB_CA6B
        x ^= x >> 13
        x = x &* 0xC2B2_AE35
        x ^= x >> 16
        return Float(x >> 8) * 0x1p-23 - 1
    }
}
