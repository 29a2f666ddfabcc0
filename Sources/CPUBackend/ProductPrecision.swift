/// What the factors of matrix products are rounded to. Sums are float32, those of bytes exact, and so is what lies between
/// layers, unless only products read it (`Narrowing`).
public enum ProductPrecision: String, Hashable, Sendable, CaseIterable {
    case float32
    /// Eight bits of significand, as large models are trained: half the weights' memory, and several times the operations where
    /// the processor multiplies tiles of matrices (AMX).
    case bfloat16
    /// Larger linear layers in bytes, with a scale for every row of either factor: a quarter of their weights' memory, and four
    /// times the operations where the processor has VNNI. Convolutions of more than a pixel, and attention, are in bfloat16
    /// where there are matrix tiles, else in float32, as all smaller layers are.
    case int8

    /// The instructions that it needs of a processor; nil if none in particular.
    public var instructions: String? {
        switch self {
        case .float32: nil
        case .bfloat16: "AVX-512 BF16 or AMX"
        case .int8: "VNNI"
        }
    }
}
