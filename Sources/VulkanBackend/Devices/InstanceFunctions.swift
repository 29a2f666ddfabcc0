import CVulkan

/// The functions of an instance.
struct InstanceFunctions {
    let destroyInstance: PFN_vkDestroyInstance
    let enumeratePhysicalDevices: PFN_vkEnumeratePhysicalDevices
    let properties: PFN_vkGetPhysicalDeviceProperties2
    let features: PFN_vkGetPhysicalDeviceFeatures2
    let memoryProperties: PFN_vkGetPhysicalDeviceMemoryProperties
    let queueFamilies: PFN_vkGetPhysicalDeviceQueueFamilyProperties
    let deviceExtensions: PFN_vkEnumerateDeviceExtensionProperties
    let createDevice: PFN_vkCreateDevice
    let deviceFunction: PFN_vkGetDeviceProcAddr
    /// For a device that lacks functions of its own.
    let destroyDevice: PFN_vkDestroyDevice

    init(_ library: VulkanLibrary, _ instance: VkInstance) throws(VulkanError) {
        destroyInstance = try library.function("vkDestroyInstance", of: instance)
        enumeratePhysicalDevices = try library.function("vkEnumeratePhysicalDevices", of: instance)
        properties = try library.function("vkGetPhysicalDeviceProperties2", of: instance)
        features = try library.function("vkGetPhysicalDeviceFeatures2", of: instance)
        memoryProperties = try library.function("vkGetPhysicalDeviceMemoryProperties", of: instance)
        queueFamilies = try library.function("vkGetPhysicalDeviceQueueFamilyProperties", of: instance)
        deviceExtensions = try library.function("vkEnumerateDeviceExtensionProperties", of: instance)
        createDevice = try library.function("vkCreateDevice", of: instance)
        deviceFunction = try library.function("vkGetDeviceProcAddr", of: instance)
        destroyDevice = try library.function("vkDestroyDevice", of: instance)
    }
}
