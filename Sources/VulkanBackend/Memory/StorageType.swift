import CShaders

/// How the elements of a value are stored on the device.
enum StorageType: String, Hashable, Sendable {
    case float32, float16, bfloat16, int8

    init(_ storage: ActivationStorage) {
        switch storage {
        case .float32: self = .float32
        case .float16: self = .float16
        case .bfloat16: self = .bfloat16
        }
    }

    init(_ storage: WeightStorage) {
        switch storage {
        case .float32: self = .float32
        case .float16: self = .float16
        case .bfloat16: self = .bfloat16
        case .int8: self = .int8
        }
    }

    var byteCount: Int {
        switch self {
        case .float32: 4
        case .float16, .bfloat16: 2
        case .int8: 1
        }
    }

    /// As in `ShaderArguments.h`.
    var code: UInt32 {
        switch self {
        case .float32: UInt32(CS_FLOAT32)
        case .float16: UInt32(CS_FLOAT16)
        case .bfloat16: UInt32(CS_BFLOAT16)
        case .int8: UInt32(CS_INT8)
        }
    }
}
