import CVulkan

/// Sizes of a product that a workgroup of a number of invocations does at once.
struct WorkgroupShape: Hashable, Sendable {
    /// What sides must be multiples of.
    let rows: Int
    let columns: Int
    let depth: Int
    let invocationCount: Int
    let largestSide: Int
}

/// Sizes of a product that a subgroup does at once.
struct CooperativeShape: Hashable, Sendable {
    let rows: Int
    let columns: Int
    let depth: Int
}

extension WorkgroupShape {
    /// Those of float16 factors and float32 sums that may become float16 and that a size of tiles is made for.
    static func all(of device: VkPhysicalDevice, _ instance: VulkanInstance) -> [WorkgroupShape] {
        guard
            let list: PFN_vkGetPhysicalDeviceCooperativeMatrixFlexibleDimensionsPropertiesNV = try? instance.loader
                .function(
                    "vkGetPhysicalDeviceCooperativeMatrixFlexibleDimensionsPropertiesNV", of: instance.handle)
        else { return [] }
        var blank = VkCooperativeMatrixFlexibleDimensionsPropertiesNV()
        blank.sType = VK_STRUCTURE_TYPE_COOPERATIVE_MATRIX_FLEXIBLE_DIMENSIONS_PROPERTIES_NV
        let all = PhysicalDevice.listed(blank) { list(device, $0, $1) }
        var limits = VkPhysicalDeviceCooperativeMatrix2PropertiesNV()
        limits.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_2_PROPERTIES_NV
        limits = PhysicalDevice.filled(limits, of: device, instance.functions)
        let products = all.filter {
            $0.AType == VK_COMPONENT_TYPE_FLOAT16_KHR && $0.BType == VK_COMPONENT_TYPE_FLOAT16_KHR
                && $0.saturatingAccumulation == VK_FALSE && $0.scope == VK_SCOPE_WORKGROUP_KHR
                && $0.workgroupInvocations <= limits.cooperativeMatrixWorkgroupScopeMaxWorkgroupSize
        }
        return products.compactMap { product -> WorkgroupShape? in
            guard product.CType == VK_COMPONENT_TYPE_FLOAT32_KHR, product.ResultType == VK_COMPONENT_TYPE_FLOAT32_KHR,
                let narrow = products.first(where: {
                    $0.ResultType == VK_COMPONENT_TYPE_FLOAT16_KHR
                        && $0.workgroupInvocations == product.workgroupInvocations
                })
            else { return nil }
            let shape = WorkgroupShape(
                // Powers of two, so that the larger one is a multiple of the other.
                rows: Int(max(product.MGranularity, narrow.MGranularity)),
                columns: Int(max(product.NGranularity, narrow.NGranularity)), depth: Int(product.KGranularity),
                invocationCount: Int(product.workgroupInvocations),
                largestSide: Int(limits.cooperativeMatrixFlexibleDimensionsMaxDimension))
            return WorkgroupTile.sizes.contains { $0.isAllowed(by: [shape]) } ? shape : nil
        }
    }
}

extension CooperativeShape {
    /// The shape of float16 factors and float32 sums that a subgroup multiplies, the largest if there are more.
    static func best(of device: VkPhysicalDevice, _ instance: VulkanInstance) -> CooperativeShape? {
        guard
            let list: PFN_vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR = try? instance.loader.function(
                "vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR", of: instance.handle)
        else { return nil }
        var blank = VkCooperativeMatrixPropertiesKHR()
        blank.sType = VK_STRUCTURE_TYPE_COOPERATIVE_MATRIX_PROPERTIES_KHR
        return PhysicalDevice.listed(blank) { list(device, $0, $1) }.filter {
            $0.AType == VK_COMPONENT_TYPE_FLOAT16_KHR && $0.BType == VK_COMPONENT_TYPE_FLOAT16_KHR
                && $0.CType == VK_COMPONENT_TYPE_FLOAT32_KHR && $0.ResultType == VK_COMPONENT_TYPE_FLOAT32_KHR
                && $0.scope == VK_SCOPE_SUBGROUP_KHR
        }.map { CooperativeShape(rows: Int($0.MSize), columns: Int($0.NSize), depth: Int($0.KSize)) }
            .filter { [8, 16].contains($0.rows) && [8, 16].contains($0.columns) && [8, 16].contains($0.depth) }
            .max { $0.rows * $0.columns * $0.depth < $1.rows * $1.columns * $1.depth }
    }
}
