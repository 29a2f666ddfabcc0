public import ArgumentParser
public import CPUBackend
public import VulkanBackend

/// What a model is computed in: what a Vulkan device stores between layers, what the processor rounds the factors of products
/// to. Sums are float32 in all of them.
public enum Precision: String, Hashable, Sendable, CaseIterable, ExpressibleByArgument {
    case float32
    /// Vulkan devices alone.
    case float16
    case bfloat16

    /// On a Vulkan device.
    public var storage: ActivationStorage {
        switch self {
        case .float32: .float32
        case .float16: .float16
        case .bfloat16: .bfloat16
        }
    }

    /// On the processor: bfloat16 where it has instructions for it, else float32.
    public var products: ProductPrecision {
        self == .bfloat16 && CPUBackend.precisions(of: .oneDNN).contains(.bfloat16) ? .bfloat16 : .float32
    }

    /// Why the processor does not compute in this precision; nil where it does.
    public var reasonForFloat32: String? {
        guard self != .float32, products == .float32 else { return nil }
        return self == .float16
            ? "the processor has no float16 products: it computes in float32"
            : "this processor has no instructions for bfloat16 products (AVX-512 BF16 or AMX): it computes in float32"
    }
}
