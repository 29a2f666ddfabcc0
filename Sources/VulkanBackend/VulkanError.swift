import CVulkan

/// What keeps Vulkan from computing, with what to do about it.
public enum VulkanError: Error, Hashable, Sendable {
    /// There is no Vulkan loader, or it is unusable.
    case noLoader(String)
    /// The loader found no device, or none that may be chosen without being named.
    case noDevice(skipped: [String])
    /// No device has this name or index.
    case unknownDevice(String, present: [String])
    /// The device lacks something that everything here needs.
    case unsuitableDevice(name: String, reason: String)
    /// What was asked for by name needs a feature that the device lacks.
    case missingFeature(device: String, wanted: String, feature: String)
    /// A shader that is not built in, or a file that is no SPIR-V.
    case unknownShader(String)
    /// A value or a node is larger than the device or 32-bit indices allow.
    case tooLarge(node: String, reason: String)
    /// A call failed.
    case call(String, code: Int32, node: String? = nil)
    /// The device was lost, and again after it was set up anew.
    case deviceLost(name: String)
}

extension VulkanError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .noLoader(let reason):
            "Vulkan is not installed: \(reason); install libvulkan1 and the driver of the graphics card, or use "
                + "--backend cpu"
        case .noDevice(let skipped) where skipped.isEmpty:
            "Vulkan found no device; install the driver of the graphics card, or use --backend cpu"
        case .noDevice(let skipped):
            "Vulkan found no graphics card, only \(skipped.joined(separator: ", ")), which is slower than the CPU "
                + "backend; use --backend cpu, or name the device with --device to use it all the same"
        case .unknownDevice(let wanted, let present):
            "there is no Vulkan device '\(wanted)'; "
                + (present.isEmpty ? "there is none at all" : "there are: \(present.joined(separator: ", "))")
        case .unsuitableDevice(let name, let reason):
            "\(name) cannot be used: \(reason); update its driver, choose another --device, or use --backend cpu"
        case .missingFeature(let device, let wanted, let feature):
            "\(wanted) needs \(feature), which \(device) does not have; leave it to the program to choose"
        case .unknownShader(let name): "there is no shader \(name); build it with Scripts/build-shaders.sh"
        case .tooLarge(let node, let reason): "\(node): \(reason); make a smaller picture or batch"
        case .call(let function, let code, let node):
            "\(node.map { "\($0): " } ?? "")\(function) gave \(VulkanError.name(of: code)); "
                + VulkanError.advice(for: code)
        case .deviceLost(let name):
            "\(name) was lost twice in a row: the driver gave up on the work or the card; see the kernel's log "
                + "(dmesg), or use --backend cpu"
        }
    }

    /// The error of a call that did not give `VK_SUCCESS`.
    init(_ function: String, _ result: VkResult, node: String? = nil) {
        self = .call(function, code: result.rawValue, node: node)
    }

    /// Whether it is the first loss of a device, from which setting it up anew may help.
    var isDeviceLoss: Bool {
        if case .call(_, let code, _) = self { code == VK_ERROR_DEVICE_LOST.rawValue } else { false }
    }

    /// Names of the results that a call may have, as the specification has them.
    static func name(of code: Int32) -> String {
        switch VkResult(rawValue: code) {
        case VK_NOT_READY: "VK_NOT_READY"
        case VK_TIMEOUT: "VK_TIMEOUT"
        case VK_INCOMPLETE: "VK_INCOMPLETE"
        case VK_ERROR_OUT_OF_HOST_MEMORY: "VK_ERROR_OUT_OF_HOST_MEMORY"
        case VK_ERROR_OUT_OF_DEVICE_MEMORY: "VK_ERROR_OUT_OF_DEVICE_MEMORY"
        case VK_ERROR_INITIALIZATION_FAILED: "VK_ERROR_INITIALIZATION_FAILED"
        case VK_ERROR_DEVICE_LOST: "VK_ERROR_DEVICE_LOST"
        case VK_ERROR_MEMORY_MAP_FAILED: "VK_ERROR_MEMORY_MAP_FAILED"
        case VK_ERROR_LAYER_NOT_PRESENT: "VK_ERROR_LAYER_NOT_PRESENT"
        case VK_ERROR_EXTENSION_NOT_PRESENT: "VK_ERROR_EXTENSION_NOT_PRESENT"
        case VK_ERROR_FEATURE_NOT_PRESENT: "VK_ERROR_FEATURE_NOT_PRESENT"
        case VK_ERROR_INCOMPATIBLE_DRIVER: "VK_ERROR_INCOMPATIBLE_DRIVER"
        case VK_ERROR_TOO_MANY_OBJECTS: "VK_ERROR_TOO_MANY_OBJECTS"
        case VK_ERROR_FRAGMENTED_POOL: "VK_ERROR_FRAGMENTED_POOL"
        case VK_ERROR_OUT_OF_POOL_MEMORY: "VK_ERROR_OUT_OF_POOL_MEMORY"
        case VK_ERROR_FRAGMENTATION: "VK_ERROR_FRAGMENTATION"
        case VK_ERROR_INVALID_SHADER_NV: "VK_ERROR_INVALID_SHADER_NV"
        default: "VkResult \(code)"
        }
    }

    private static func advice(for code: Int32) -> String {
        switch VkResult(rawValue: code) {
        case VK_ERROR_OUT_OF_DEVICE_MEMORY, VK_ERROR_FRAGMENTATION, VK_ERROR_FRAGMENTED_POOL:
            "close other programs that use the card, or make a smaller picture or batch"
        case VK_ERROR_OUT_OF_HOST_MEMORY, VK_ERROR_MEMORY_MAP_FAILED: "free some memory"
        case VK_ERROR_DEVICE_LOST: "see the kernel's log (dmesg); the driver gave up on the work or the card"
        case VK_ERROR_LAYER_NOT_PRESENT: "install the package vulkan-validationlayers"
        case VK_ERROR_INITIALIZATION_FAILED, VK_ERROR_INCOMPATIBLE_DRIVER, VK_ERROR_EXTENSION_NOT_PRESENT,
            VK_ERROR_FEATURE_NOT_PRESENT:
            "update the driver of the graphics card, or use --backend cpu"
        default: "`underpaint doctor` shows the devices and drivers; --backend cpu does without"
        }
    }
}

/// Throws unless a call succeeded.
func check(_ result: VkResult, _ function: String, node: String? = nil) throws(VulkanError) {
    guard result == VK_SUCCESS else { throw VulkanError(function, result, node: node) }
}
