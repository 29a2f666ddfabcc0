public import ArgumentParser
public import CPUBackend
public import VulkanBackend

/// What a model is computed in: what a Vulkan device stores, what the processor rounds the factors of products to. Sums of
/// floats are float32 in all of them.
public enum Precision: String, Hashable, Sendable, CaseIterable, ExpressibleByArgument {
    case float32
    /// Vulkan devices alone.
    case float16
    case bfloat16
    /// Weights in bytes; on the processor the rows that they are multiplied with, too.
    case int8

    /// What a Vulkan device stores between layers.
    public var storage: ActivationStorage {
        switch self {
        case .float32: .float32
        case .float16, .int8: .float16
        case .bfloat16: .bfloat16
        }
    }

    /// What a Vulkan device stores weights as.
    public var weights: WeightStorage { self == .int8 ? .int8 : WeightStorage(storage) }

    /// What the processor multiplies in: float32 where it has no instructions for what is asked for.
    public var products: ProductPrecision {
        CPUBackend.precisions(of: .oneDNN).contains(wantedProducts) ? wantedProducts : .float32
    }

    /// The nearest that some processor has.
    private var wantedProducts: ProductPrecision {
        switch self {
        case .float32, .float16: .float32
        case .bfloat16: .bfloat16
        case .int8: .int8
        }
    }

    /// Why the processor does not compute in this precision; nil where it does.
    public var reasonForFloat32: String? {
        guard self != .float32, products == .float32 else { return nil }
        let needed = wantedProducts.instructions.map { " (\($0))" } ?? ""
        return "this processor has no instructions for \(rawValue) products\(needed): it computes in float32"
    }
}
