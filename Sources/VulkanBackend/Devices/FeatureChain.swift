import CVulkan

/// The chain of feature structures that a device is asked for and made with.
struct FeatureChain {
    var eleven = VkPhysicalDeviceVulkan11Features()
    var twelve = VkPhysicalDeviceVulkan12Features()
    var subgroups = VkPhysicalDeviceSubgroupSizeControlFeatures()
    var dotProducts = VkPhysicalDeviceShaderIntegerDotProductFeatures()
    var maintenance = VkPhysicalDeviceMaintenance4Features()
    var cooperative = VkPhysicalDeviceCooperativeMatrixFeaturesKHR()
    var cooperative2 = VkPhysicalDeviceCooperativeMatrix2FeaturesNV()
    var executables = VkPhysicalDevicePipelineExecutablePropertiesFeaturesKHR()
    /// Extensions whose structures take part.
    private let hasVersion13: Bool
    private let hasCooperative: Bool
    private let hasCooperative2: Bool
    private let hasExecutables: Bool

    /// - Parameter apiVersion: of the device; sizes of subgroups and integer dot products and maintenance 4 came with Vulkan 1.3.
    init(_ extensions: Set<String>, apiVersion: UInt32) {
        hasVersion13 = apiVersion >= cvk_api_version_1_3
        hasCooperative = extensions.contains(VK_KHR_COOPERATIVE_MATRIX_EXTENSION_NAME)
        hasCooperative2 = hasCooperative && extensions.contains(VK_NV_COOPERATIVE_MATRIX_2_EXTENSION_NAME)
        hasExecutables = extensions.contains(VK_KHR_PIPELINE_EXECUTABLE_PROPERTIES_EXTENSION_NAME)
        executables.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PIPELINE_EXECUTABLE_PROPERTIES_FEATURES_KHR
        eleven.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES
        twelve.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES
        subgroups.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_FEATURES
        dotProducts.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_INTEGER_DOT_PRODUCT_FEATURES
        maintenance.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_4_FEATURES
        cooperative.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_FEATURES_KHR
        cooperative2.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_2_FEATURES_NV
    }

    /// Whether there are matrices of workgroups, with all that kernels use of them; how many invocations one has is said in
    /// the way of SPIR-V 1.6, which is a feature of its own.
    var hasWorkgroupMatrices: Bool {
        [
            cooperative2.cooperativeMatrixWorkgroupScope, cooperative2.cooperativeMatrixFlexibleDimensions,
            cooperative2.cooperativeMatrixPerElementOperations, cooperative2.cooperativeMatrixTensorAddressing,
            maintenance.maintenance4,
        ].allSatisfy { $0 == VK_TRUE }
    }

    /// Fills the structures in.
    mutating func query(_ device: VkPhysicalDevice, _ features: PFN_vkGetPhysicalDeviceFeatures2) {
        withChain { features(device, $0) }
    }

    /// Calls `body` with the head of the chain, whose links point to one another while it runs.
    mutating func withChain<Result>(
        _ body: (UnsafeMutablePointer<VkPhysicalDeviceFeatures2>) -> Result
    ) -> Result {
        withUnsafeMutablePointer(to: &executables) { executables in
            withUnsafeMutablePointer(to: &cooperative2) { cooperative2 in
                withUnsafeMutablePointer(to: &cooperative) { cooperative in
                    withUnsafeMutablePointer(to: &maintenance) { maintenance in
                        withUnsafeMutablePointer(to: &dotProducts) { dotProducts in
                            withUnsafeMutablePointer(to: &subgroups) { subgroups in
                                withUnsafeMutablePointer(to: &twelve) { twelve in
                                    withUnsafeMutablePointer(to: &eleven) { eleven in
                                        // From the last to the first, leaving out what the device does not know.
                                        var next: UnsafeMutableRawPointer?
                                        if hasExecutables { next = UnsafeMutableRawPointer(executables) }
                                        if hasCooperative2 {
                                            cooperative2.pointee.pNext = next
                                            next = UnsafeMutableRawPointer(cooperative2)
                                        }
                                        if hasCooperative {
                                            cooperative.pointee.pNext = next
                                            next = UnsafeMutableRawPointer(cooperative)
                                        }
                                        if hasVersion13 {
                                            maintenance.pointee.pNext = next
                                            dotProducts.pointee.pNext = UnsafeMutableRawPointer(maintenance)
                                            subgroups.pointee.pNext = UnsafeMutableRawPointer(dotProducts)
                                            next = UnsafeMutableRawPointer(subgroups)
                                        }
                                        twelve.pointee.pNext = next
                                        eleven.pointee.pNext = UnsafeMutableRawPointer(twelve)
                                        var head = VkPhysicalDeviceFeatures2()
                                        head.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2
                                        head.pNext = UnsafeMutableRawPointer(eleven)
                                        return body(&head)
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    /// Switches on what kernels use of what the device has.
    mutating func enable(_ features: DeviceFeatures) {
        let yes = VkBool32(VK_TRUE)
        if features.has16BitStorage { eleven.storageBuffer16BitAccess = yes }
        if features.hasFloat16 { twelve.shaderFloat16 = yes }
        if features.hasSubgroupControl {
            subgroups.subgroupSizeControl = yes
            subgroups.computeFullSubgroups = yes
        }
        if features.hasKernelStatistics { executables.pipelineExecutableInfo = yes }
        if features.hasIntegerDotProduct { dotProducts.shaderIntegerDotProduct = yes }
        if features.cooperativeMatrix != nil {
            twelve.vulkanMemoryModel = yes
            cooperative.cooperativeMatrix = yes
        }
        if !features.workgroupMatrices.isEmpty {
            cooperative2.cooperativeMatrixWorkgroupScope = yes
            cooperative2.cooperativeMatrixFlexibleDimensions = yes
            cooperative2.cooperativeMatrixPerElementOperations = yes
            cooperative2.cooperativeMatrixTensorAddressing = yes
            maintenance.maintenance4 = yes
        }
    }
}
