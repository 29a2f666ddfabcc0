/// What one element of a tensor is.
public enum ElementType: String, Hashable, Sendable, Codable, CaseIterable {
    case float32
    /// The upper half of a float32.
    case bfloat16
    /// IEEE 754 binary16.
    case float16
    case int32

    public var byteCount: Int {
        switch self {
        case .float32, .int32: 4
        case .bfloat16, .float16: 2
        }
    }
}
