/// What the factors of matrix products are rounded to. Sums, and all values between layers, are float32 in either.
public enum ProductPrecision: String, Hashable, Sendable, CaseIterable {
    case float32
    /// Eight bits of significand, as large models are trained: half the weights' memory, and several times the operations where
    /// the processor multiplies tiles of matrices (AMX).
    case bfloat16
    /// Larger linear layers in bytes, with a scale for every row of either factor and exact sums: a quarter of their weights'
    /// memory, and four times the operations where the processor has VNNI. Convolutions and attention are in bfloat16 where
    /// there are matrix tiles, else in float32, as all smaller layers are.
    case int8
}
