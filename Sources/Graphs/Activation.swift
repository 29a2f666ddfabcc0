/// A function of one element.
public enum Activation: String, Hashable, Sendable, Codable, CaseIterable {
    /// x·σ(x), also called swish (arXiv 1606.08415 §4, 1710.05941).
    case silu
    /// The tanh form of GELU: ½x(1 + tanh(√(2/π)(x + 0.044715x³))) (arXiv 1606.08415 §2).
    case geluTanh
    /// x·Φ(x) with the exact error function.
    case gelu
    /// The quick form x·σ(1.702x) that CLIP's text encoders use.
    case geluSigmoid
}
