import CVulkan

/// A device as the driver describes it.
struct PhysicalDevice {
    let handle: VkPhysicalDevice
    let index: Int
    let instance: VulkanInstance
    let properties: VkPhysicalDeviceProperties
    let driver: VkPhysicalDeviceVulkan12Properties
    let memory: VkPhysicalDeviceMemoryProperties
    let extensions: Set<String>
    /// The family whose queue computes, preferring one without graphics; nil if there is none.
    let queueFamily: UInt32?
    let features: DeviceFeatures

    init(_ handle: VkPhysicalDevice, index: Int, _ instance: VulkanInstance) {
        self.handle = handle
        self.index = index
        self.instance = instance
        let functions = instance.functions
        var properties = VkPhysicalDeviceProperties2()
        properties.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2
        var driver = VkPhysicalDeviceVulkan12Properties()
        driver.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_PROPERTIES
        var eleven = VkPhysicalDeviceVulkan11Properties()
        eleven.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_PROPERTIES
        withUnsafeMutablePointer(to: &eleven) { eleven in
            withUnsafeMutablePointer(to: &driver) { driver in
                driver.pointee.pNext = UnsafeMutableRawPointer(eleven)
                properties.pNext = UnsafeMutableRawPointer(driver)
                functions.properties(handle, &properties)
            }
        }
        var memory = VkPhysicalDeviceMemoryProperties()
        functions.memoryProperties(handle, &memory)
        self.properties = properties.properties
        self.driver = driver
        self.memory = memory
        extensions = PhysicalDevice.extensions(handle, functions)
        let families = PhysicalDevice.queueFamilies(handle, functions)
        queueFamily = PhysicalDevice.computeFamily(families)
        var features = PhysicalDevice.features(
            handle, instance, extensions, properties.properties, eleven,
            timestampBits: queueFamily.map { families[Int($0)].timestampValidBits } ?? 0)
        // Not that of Mesa for NVIDIA's cards, which cuts off what does not fit.
        features.packsToNearest = [VK_DRIVER_ID_NVIDIA_PROPRIETARY, VK_DRIVER_ID_MESA_LLVMPIPE].contains(
            driver.driverID)
        // That of 64 bits is set along with it, since some devices have only one for both.
        features.conversionsCanRound =
            driver.shaderRoundingModeRTEFloat16 == VK_TRUE && driver.shaderRoundingModeRTEFloat64 == VK_TRUE
            && driver.roundingModeIndependence != VK_SHADER_FLOAT_CONTROLS_INDEPENDENCE_NONE
        // What they store is rounded by conversions alone.
        if !features.packsToNearest, !features.conversionsCanRound { features.workgroupMatrices = [] }
        if properties.properties.vendorID == PhysicalDevice.nvidia { features.staging = .single }
        if properties.properties.deviceType == VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU {
            features.operationsPerSubmission = DeviceFeatures.operationsPerSubmission(unitCount: features.unitCount)
        }
        self.features = features
    }

    private static let nvidia: UInt32 = 0x10DE
    fileprivate static let intel: UInt32 = 0x8086

    var limits: VkPhysicalDeviceLimits { properties.limits }

    /// Bytes of the largest device-local heap.
    private var memoryByteCount: Int {
        withUnsafeBytes(of: memory.memoryHeaps) { bytes in
            bytes.bindMemory(to: VkMemoryHeap.self).prefix(Int(memory.memoryHeapCount))
                .filter { $0.flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT.rawValue != 0 }.map { Int(clamping: $0.size) }
                .max()
                ?? 0
        }
    }

    var description: VulkanDeviceDescription {
        let software = [VK_DRIVER_ID_MESA_LLVMPIPE, VK_DRIVER_ID_GOOGLE_SWIFTSHADER]
        let kind: VulkanDeviceDescription.Kind =
            switch properties.deviceType {
            case _ where software.contains(driver.driverID): .software
            case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU: .discrete
            case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU: .integrated
            case VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU: .virtual
            case VK_PHYSICAL_DEVICE_TYPE_CPU: .software
            default: .other
            }
        let version = properties.apiVersion
        return VulkanDeviceDescription(
            index: index, name: String(fixed: properties.deviceName), kind: kind,
            driver: "\(String(fixed: driver.driverName)), \(String(fixed: driver.driverInfo))",
            apiVersion: "\(version >> 22 & 0x7F).\(version >> 12 & 0x3FF).\(version & 0xFFF)",
            isTranslated: [VK_DRIVER_ID_MESA_DOZEN, VK_DRIVER_ID_MOLTENVK].contains(driver.driverID),
            memoryByteCount: memoryByteCount, features: features.names,
            fault: PhysicalDevice.fault(
                apiVersion: version, hasComputeQueue: queueFamily != nil,
                storageBufferCount: limits.maxPerStageDescriptorStorageBuffers))
    }

    /// Why a device cannot be used at all, nil if it can.
    ///
    /// - Parameter storageBufferCount: buffers that a shader may bind.
    static func fault(apiVersion: UInt32, hasComputeQueue: Bool, storageBufferCount: UInt32) -> String? {
        if !hasComputeQueue { return "it has no compute queue" }
        if apiVersion < cvk_api_version_1_2 {
            return "its driver offers only Vulkan 1.\(apiVersion >> 12 & 0x3FF), 1.2 is needed"
        }
        if Int(storageBufferCount) < Kernel.largestBindingCount {
            return "its shaders bind only \(storageBufferCount) buffers, \(Kernel.largestBindingCount) are needed"
        }
        return nil
    }

    /// The first memory type among those of `mask` that has all of the wanted properties, preferring also some.
    func memoryType(in mask: UInt32, having wanted: UInt32, preferring more: UInt32 = 0) -> UInt32? {
        withUnsafeBytes(of: memory.memoryTypes) { bytes in
            let types = bytes.bindMemory(to: VkMemoryType.self).prefix(Int(memory.memoryTypeCount))
            func first(_ flags: UInt32) -> UInt32? {
                types.indices.first { mask >> UInt32($0) & 1 == 1 && types[$0].propertyFlags & flags == flags }
                    .map { UInt32($0) }
            }
            return first(wanted | more) ?? first(wanted)
        }
    }

    // MARK: Queries

    /// What a function lists in two calls, their number and then themselves; nothing if it fails.
    static func listed<Element>(
        _ blank: Element, _ list: (UnsafeMutablePointer<UInt32>, UnsafeMutablePointer<Element>?) -> VkResult
    ) -> [Element] {
        var count: UInt32 = 0
        guard list(&count, nil) == VK_SUCCESS, count > 0 else { return [] }
        var all = [Element](repeating: blank, count: Int(count))
        let result = all.withUnsafeMutableBufferPointer { list(&count, $0.baseAddress) }
        return result.rawValue >= 0 ? Array(all.prefix(Int(count))) : []
    }

    /// A structure as the driver fills it; `blank` has its type, and the device knows it.
    static func filled<Properties>(
        _ blank: Properties, of handle: VkPhysicalDevice, _ functions: InstanceFunctions
    ) -> Properties {
        var filled = blank
        var properties = VkPhysicalDeviceProperties2()
        properties.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2
        withUnsafeMutablePointer(to: &filled) { filled in
            properties.pNext = UnsafeMutableRawPointer(filled)
            functions.properties(handle, &properties)
        }
        return filled
    }

    private static func extensions(_ handle: VkPhysicalDevice, _ functions: InstanceFunctions) -> Set<String> {
        let all = listed(VkExtensionProperties()) { functions.deviceExtensions(handle, nil, $0, $1) }
        return Set(all.map { String(fixed: $0.extensionName) })
    }

    private static func queueFamilies(
        _ handle: VkPhysicalDevice, _ functions: InstanceFunctions
    ) -> [VkQueueFamilyProperties] {
        var count: UInt32 = 0
        functions.queueFamilies(handle, &count, nil)
        var families = [VkQueueFamilyProperties](repeating: VkQueueFamilyProperties(), count: Int(count))
        functions.queueFamilies(handle, &count, &families)
        return Array(families.prefix(Int(count)))
    }

    private static func computeFamily(_ families: [VkQueueFamilyProperties]) -> UInt32? {
        let computing = families.indices.filter { families[$0].queueFlags & VK_QUEUE_COMPUTE_BIT.rawValue != 0 }
        let alone = computing.first { families[$0].queueFlags & VK_QUEUE_GRAPHICS_BIT.rawValue == 0 }
        return (alone ?? computing.first).map { UInt32($0) }
    }

    private static func features(
        _ handle: VkPhysicalDevice, _ instance: VulkanInstance, _ extensions: Set<String>,
        _ properties: VkPhysicalDeviceProperties, _ eleven: VkPhysicalDeviceVulkan11Properties,
        timestampBits: UInt32
    ) -> DeviceFeatures {
        let limits = properties.limits
        var features = DeviceFeatures()
        features.maxStorageRange = Int(limits.maxStorageBufferRange)
        features.maxAllocation = Int(clamping: max(eleven.maxMemoryAllocationSize, 1 << 28))
        features.offsetAlignment = max(Int(clamping: limits.minStorageBufferOffsetAlignment), 4)
        features.maxWorkgroupInvocations = Int(limits.maxComputeWorkGroupInvocations)
        let count = limits.maxComputeWorkGroupCount
        features.maxWorkgroups = [Int(count.0), Int(count.1), Int(count.2)]
        features.sharedMemory = Int(limits.maxComputeSharedMemorySize)
        features.subgroupSize = Int(eleven.subgroupSize)
        features.hasSubgroupShuffle =
            eleven.subgroupSupportedOperations & VK_SUBGROUP_FEATURE_SHUFFLE_BIT.rawValue != 0
            && eleven.subgroupSupportedStages & VK_SHADER_STAGE_COMPUTE_BIT.rawValue != 0
        if timestampBits > 0, limits.timestampPeriod > 0 {
            features.timestamps = TimestampClock(
                period: Double(limits.timestampPeriod), validBits: min(Int(timestampBits), 64))
        }
        features.unitCount = unitCount(handle, instance, extensions, properties.deviceType)
        guard properties.apiVersion >= cvk_api_version_1_2 else { return features }

        var chain = FeatureChain(extensions, apiVersion: properties.apiVersion)
        chain.query(handle, instance.functions.features)
        features.has16BitStorage = chain.eleven.storageBuffer16BitAccess == VK_TRUE
        if chain.subgroups.subgroupSizeControl == VK_TRUE, chain.subgroups.computeFullSubgroups == VK_TRUE {
            let sizes = subgroupSizes(handle, instance)
            // Mesa's driver for NVIDIA's cards lets nobody insist on the only size there is.
            features.hasOneSubgroupSize = sizes.minSubgroupSize == sizes.maxSubgroupSize
            let canInsist = sizes.requiredSubgroupSizeStages & VK_SHADER_STAGE_COMPUTE_BIT.rawValue != 0
            features.hasSubgroupControl = features.hasOneSubgroupSize || canInsist
            // Intel's cards share a thread's registers among the subgroup: at 32, which their drivers report, an invocation has a
            // few dozen, which its part of a tile would fill. llama.cpp takes their smallest size, too. Kernels without matrix
            // units have smaller tiles then as well, for the same reason.
            if properties.vendorID == PhysicalDevice.intel, canInsist {
                features.subgroupSize = Int(sizes.minSubgroupSize)
            }
        }
        features.hasIntegerDotProduct = chain.dotProducts.shaderIntegerDotProduct == VK_TRUE
        features.hasFloat16 = chain.twelve.shaderFloat16 == VK_TRUE
        features.hasKernelStatistics = chain.executables.pipelineExecutableInfo == VK_TRUE
        if chain.cooperative.cooperativeMatrix == VK_TRUE, chain.twelve.vulkanMemoryModel == VK_TRUE,
            features.has16BitStorage, features.hasFloat16, features.hasSubgroupControl, features.hasSubgroupShuffle
        {
            features.cooperativeMatrix = CooperativeShape.best(of: handle, instance)
            if features.cooperativeMatrix != nil, chain.hasWorkgroupMatrices {
                features.workgroupMatrices = WorkgroupShape.all(of: handle, instance)
            }
        }
        return features
    }
}

extension PhysicalDevice {
    /// The sizes of subgroups, and the stages whose shaders may insist on one. Only for devices that were asked for the
    /// features of Vulkan 1.3: others do not know the structure.
    fileprivate static func subgroupSizes(
        _ handle: VkPhysicalDevice, _ instance: VulkanInstance
    ) -> VkPhysicalDeviceSubgroupSizeControlProperties {
        var sizes = VkPhysicalDeviceSubgroupSizeControlProperties()
        sizes.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_PROPERTIES
        return filled(sizes, of: handle, instance.functions)
    }

    /// What the vendor's extension says, or a number between a small and a large card of the kind: a wrong one costs a
    /// call that was not needed, or some units without work.
    fileprivate static func unitCount(
        _ handle: VkPhysicalDevice, _ instance: VulkanInstance, _ extensions: Set<String>, _ kind: VkPhysicalDeviceType
    ) -> Int {
        var count = 0
        if extensions.contains(VK_NV_SHADER_SM_BUILTINS_EXTENSION_NAME) {
            var vendor = VkPhysicalDeviceShaderSMBuiltinsPropertiesNV()
            vendor.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_SM_BUILTINS_PROPERTIES_NV
            vendor = filled(vendor, of: handle, instance.functions)
            count = Int(vendor.shaderSMCount)
        } else if extensions.contains(VK_AMD_SHADER_CORE_PROPERTIES_EXTENSION_NAME) {
            var vendor = VkPhysicalDeviceShaderCorePropertiesAMD()
            vendor.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_CORE_PROPERTIES_AMD
            vendor = filled(vendor, of: handle, instance.functions)
            count =
                Int(vendor.shaderEngineCount) * Int(vendor.shaderArraysPerEngineCount)
                * Int(vendor.computeUnitsPerShaderArray)
        }
        if (1...65_536).contains(count) { return count }
        return switch kind {
        case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU, VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU: 48
        case VK_PHYSICAL_DEVICE_TYPE_CPU: 1
        default: 12
        }
    }
}
