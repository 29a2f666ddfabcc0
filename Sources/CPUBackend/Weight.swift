import Tensors

/// A weight matrix or kernel in PyTorch's layout.
enum Weight {
    /// The same at every run, so that it is packed once.
    case fixed(FixedWeight)
    /// Given at every run.
    case given(UnsafePointer<Float>)

    var values: UnsafePointer<Float> {
        switch self {
        case .fixed(let weight): UnsafePointer(weight.plain.floats)
        case .given(let values): values
        }
    }
}

/// A weight of the model. Its plain values are made at the first asking: where it is packed already nobody asks.
final class FixedWeight {
    let tensor: Tensor
    private(set) lazy var plain = AlignedMemory(tensor)

    init(_ tensor: Tensor) { self.tensor = tensor }
}
