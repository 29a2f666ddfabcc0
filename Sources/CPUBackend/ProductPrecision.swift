/// What the factors of matrix products are rounded to. Sums, and all values between layers, are float32 in either.
public enum ProductPrecision: String, Hashable, Sendable, CaseIterable {
    case float32
    /// Eight bits of significand, as large models are trained: half the weights' memory, and several times the operations where
    /// the processor multiplies tiles of matrices (AMX).
    case bfloat16
}
