import CVulkan

/// One descriptor set for each dispatch of a program.
final class DescriptorPool {
    private let device: VulkanDevice
    private let handle: VkDescriptorPool
    /// In the order of the dispatches.
    let sets: [VkDescriptorSet]

    init(_ device: VulkanDevice, _ dispatches: [Dispatch], _ pipelines: [Pipeline]) throws(VulkanError) {
        var size = VkDescriptorPoolSize(
            type: VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
            descriptorCount: UInt32(max(1, dispatches.reduce(0) { $0 + $1.bindings.count })))
        var pool: VkDescriptorPool?
        let created = withUnsafePointer(to: &size) { size in
            var info = VkDescriptorPoolCreateInfo()
            info.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO
            info.maxSets = UInt32(max(1, dispatches.count))
            info.poolSizeCount = 1
            info.pPoolSizes = size
            return device.functions.createDescriptorPool(device.handle, &info, nil, &pool)
        }
        try check(created, "vkCreateDescriptorPool")
        guard let pool else { throw VulkanError("vkCreateDescriptorPool", VK_ERROR_OUT_OF_HOST_MEMORY) }
        do throws(VulkanError) {
            var sets: [VkDescriptorSet] = []
            for (dispatch, pipeline) in zip(dispatches, pipelines) {
                sets.append(try DescriptorPool.allocate(device, pool, pipeline.setLayout))
                DescriptorPool.write(device, sets[sets.count - 1], dispatch.bindings)
            }
            (self.device, handle, self.sets) = (device, pool, sets)
        } catch {
            device.functions.destroyDescriptorPool(device.handle, pool, nil)
            throw error
        }
    }

    deinit { device.functions.destroyDescriptorPool(device.handle, handle, nil) }

    private static func allocate(
        _ device: VulkanDevice, _ pool: VkDescriptorPool, _ layout: VkDescriptorSetLayout
    ) throws(VulkanError) -> VkDescriptorSet {
        var (layout, set): (VkDescriptorSetLayout?, VkDescriptorSet?) = (layout, nil)
        let result = withUnsafePointer(to: &layout) { layout in
            var info = VkDescriptorSetAllocateInfo()
            info.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO
            info.descriptorPool = pool
            info.descriptorSetCount = 1
            info.pSetLayouts = layout
            return device.functions.allocateDescriptorSets(device.handle, &info, &set)
        }
        try check(result, "vkAllocateDescriptorSets")
        guard let set else { throw VulkanError("vkAllocateDescriptorSets", VK_ERROR_OUT_OF_POOL_MEMORY) }
        return set
    }

    private static func write(_ device: VulkanDevice, _ set: VkDescriptorSet, _ bindings: [Operand]) {
        let buffers = bindings.map { operand in
            // Whole words: a row of 16-bit values or bytes may end inside one, and buffers end on a multiple of 16.
            VkDescriptorBufferInfo(
                buffer: operand.view.buffer.handle, offset: VkDeviceSize(operand.view.byteOffset),
                range: VkDeviceSize((operand.view.byteCount + 3) / 4 * 4))
        }
        buffers.withUnsafeBufferPointer { buffers in
            let writes = bindings.indices.map { number in
                var write = VkWriteDescriptorSet()
                write.sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET
                write.dstSet = set
                write.dstBinding = UInt32(number)
                write.descriptorCount = 1
                write.descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER
                write.pBufferInfo = buffers.baseAddress.map { $0 + number }
                return write
            }
            device.functions.updateDescriptorSets(device.handle, UInt32(writes.count), writes, 0, nil)
        }
    }
}
