/// What is known of a device before it is used, for lists and for the choice.
public struct VulkanDeviceDescription: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable {
        case discrete, integrated, virtual, software, other
    }

    /// Position in the loader's list.
    public let index: Int
    public let name: String
    public let kind: Kind
    /// The driver with its version, for example `llvmpipe, Mesa 22.3.6 (LLVM 15.0.6)`.
    public let driver: String
    /// Of Vulkan, for example `1.3.230`.
    public let apiVersion: String
    /// Whether the driver speaks another graphics API below (Direct3D 12, Metal).
    public let isTranslated: Bool
    /// Bytes of the largest device-local heap.
    public let memoryByteCount: Int
    /// Features that kernels choose by, in words.
    public let features: [String]
    /// Why the device cannot be used at all, nil if it can.
    public let fault: String?

    public init(
        index: Int, name: String, kind: Kind, driver: String, apiVersion: String, isTranslated: Bool,
        memoryByteCount: Int, features: [String], fault: String?
    ) {
        self.index = index
        self.name = name
        self.kind = kind
        self.driver = driver
        self.apiVersion = apiVersion
        self.isTranslated = isTranslated
        self.memoryByteCount = memoryByteCount
        self.features = features
        self.fault = fault
    }

    /// Why the device is used only when it is named, nil if it may be chosen.
    public var reasonToSkip: String? {
        if let fault { return fault }
        if kind == .software { return "a software device, for tests: the CPU backend is about fifty times as fast" }
        if isTranslated { return "a translation layer over another graphics API" }
        return nil
    }
}

extension VulkanDeviceDescription: CustomStringConvertible {
    /// One line for a list.
    public var description: String {
        let memory = Double(memoryByteCount) / 1e9
        let tenths = (memory * 10).rounded() / 10
        return "\(index): \(name) (\(kind.rawValue), \(tenths) GB, Vulkan \(apiVersion), \(driver)"
            + (features.isEmpty ? ")" : "; \(features.joined(separator: ", ")))")
    }
}
