import CVulkan

/// A connection to the Vulkan drivers of this machine.
///
/// Everything made from an instance keeps it alive.
final class VulkanInstance: @unchecked Sendable {
    // @unchecked: the handle is written in `init` and destroyed in `deinit`; what is done with it here is free of
    // external synchronisation (Vulkan 1.3 §3.6).
    let loader: VulkanLibrary
    let handle: VkInstance
    let functions: InstanceFunctions
    /// What the validation layer says, nil without it.
    let log: ValidationLog?
    private let messenger: VkDebugUtilsMessengerEXT?
    private let destroyMessenger: PFN_vkDestroyDebugUtilsMessengerEXT?

    static let validationLayer = "VK_LAYER_KHRONOS_validation"

    /// - Parameters:
    ///   - validates: whether the validation layer checks every call.
    ///   - loader: nil for that of the system.
    /// - Throws: `VulkanError`.
    init(validates: Bool = false, loader given: VulkanLibrary? = nil) throws(VulkanError) {
        if let given { loader = given } else { loader = try VulkanLibrary() }
        let create: PFN_vkCreateInstance = try loader.function("vkCreateInstance", of: nil)
        var handle: VkInstance?
        var application = VkApplicationInfo()
        application.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO
        application.apiVersion = cvk_api_version_1_3
        let layers = validates ? [VulkanInstance.validationLayer] : []
        let extensions = validates ? [VK_EXT_DEBUG_UTILS_EXTENSION_NAME] : []
        let result = withCStrings(layers) { layerNames in
            withCStrings(extensions) { extensionNames in
                withUnsafePointer(to: &application) { application in
                    var info = VkInstanceCreateInfo()
                    info.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO
                    info.pApplicationInfo = application
                    info.enabledLayerCount = UInt32(layers.count)
                    info.ppEnabledLayerNames = layerNames
                    info.enabledExtensionCount = UInt32(extensions.count)
                    info.ppEnabledExtensionNames = extensionNames
                    return create(&info, nil, &handle)
                }
            }
        }
        // No driver at all is the same as no device.
        if result == VK_ERROR_INCOMPATIBLE_DRIVER { throw .noDevice(skipped: []) }
        try check(result, "vkCreateInstance")
        guard let handle else { throw VulkanError("vkCreateInstance", VK_ERROR_INITIALIZATION_FAILED) }
        let destroy: PFN_vkDestroyInstance = try loader.function("vkDestroyInstance", of: handle)
        do throws(VulkanError) {
            let functions = try InstanceFunctions(loader, handle)
            var log: ValidationLog?
            var messenger: VkDebugUtilsMessengerEXT?
            var destroyMessenger: PFN_vkDestroyDebugUtilsMessengerEXT?
            if validates {
                let heard = ValidationLog()
                destroyMessenger = try loader.function(
                    "vkDestroyDebugUtilsMessengerEXT", of: handle, as: PFN_vkDestroyDebugUtilsMessengerEXT.self)
                messenger = try VulkanInstance.makeMessenger(loader, handle, heard)
                log = heard
            }
            (self.handle, self.functions) = (handle, functions)
            (self.log, self.messenger, self.destroyMessenger) = (log, messenger, destroyMessenger)
        } catch {
            destroy(handle, nil)
            throw error
        }
    }

    deinit {
        if let messenger, let destroyMessenger { destroyMessenger(handle, messenger, nil) }
        functions.destroyInstance(handle, nil)
    }

    private static func makeMessenger(
        _ loader: VulkanLibrary, _ handle: VkInstance, _ log: ValidationLog
    ) throws(VulkanError) -> VkDebugUtilsMessengerEXT? {
        let create: PFN_vkCreateDebugUtilsMessengerEXT = try loader.function(
            "vkCreateDebugUtilsMessengerEXT", of: handle)
        var info = VkDebugUtilsMessengerCreateInfoEXT()
        info.sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT
        info.messageSeverity =
            VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT.rawValue
            | VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT.rawValue
        info.messageType =
            VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT.rawValue
            | VK_DEBUG_UTILS_MESSAGE_TYPE_GENERAL_BIT_EXT.rawValue
        info.pfnUserCallback = ValidationLog.callback
        info.pUserData = Unmanaged.passUnretained(log).toOpaque()
        var messenger: VkDebugUtilsMessengerEXT?
        try check(create(handle, &info, nil, &messenger), "vkCreateDebugUtilsMessengerEXT")
        return messenger
    }

    /// Every device, in the loader's order.
    func devices() throws(VulkanError) -> [PhysicalDevice] {
        var count: UInt32 = 0
        try check(functions.enumeratePhysicalDevices(handle, &count, nil), "vkEnumeratePhysicalDevices")
        var handles = [VkPhysicalDevice?](repeating: nil, count: Int(count))
        let result = functions.enumeratePhysicalDevices(handle, &count, &handles)
        guard result == VK_SUCCESS || result == VK_INCOMPLETE else {
            throw VulkanError("vkEnumeratePhysicalDevices", result)
        }
        var devices: [PhysicalDevice] = []
        for handle in handles.prefix(Int(count)).compactMap({ $0 }) {
            devices.append(PhysicalDevice(handle, index: devices.count, self))
        }
        return devices
    }
}
