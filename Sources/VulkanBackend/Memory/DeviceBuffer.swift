import CVulkan

/// A buffer with memory of its own.
final class DeviceBuffer: @unchecked Sendable {
    // @unchecked: handles are written in `init` alone. Who maps it for writing keeps it to one thread.
    enum Purpose {
        /// What kernels read and write.
        case device
        /// What the host writes for the device to copy.
        case upload
        /// What the device copies for the host to read.
        case readback
    }

    let handle: VkBuffer
    let byteCount: Int
    /// The memory as the host sees it; nil for `.device`.
    let mapped: UnsafeMutableRawPointer?
    private let memory: VkDeviceMemory
    private let device: VulkanDevice

    /// - Throws: `VulkanError.call`, above all `VK_ERROR_OUT_OF_DEVICE_MEMORY`.
    init(_ device: VulkanDevice, byteCount: Int, _ purpose: Purpose) throws(VulkanError) {
        self.device = device
        // Kernels read whole words, and an empty buffer is not allowed.
        self.byteCount = max(byteCount + 15, 16) / 16 * 16
        let functions = device.functions
        var info = VkBufferCreateInfo()
        info.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO
        info.size = VkDeviceSize(self.byteCount)
        info.usage =
            VK_BUFFER_USAGE_STORAGE_BUFFER_BIT.rawValue | VK_BUFFER_USAGE_TRANSFER_SRC_BIT.rawValue
            | VK_BUFFER_USAGE_TRANSFER_DST_BIT.rawValue
        info.sharingMode = VK_SHARING_MODE_EXCLUSIVE
        var buffer: VkBuffer?
        try check(functions.createBuffer(device.handle, &info, nil, &buffer), "vkCreateBuffer")
        guard let buffer else { throw VulkanError("vkCreateBuffer", VK_ERROR_OUT_OF_HOST_MEMORY) }
        let memory: VkDeviceMemory
        do throws(VulkanError) {
            memory = try DeviceBuffer.allocate(device, buffer, purpose)
        } catch {
            functions.destroyBuffer(device.handle, buffer, nil)
            throw error
        }
        do throws(VulkanError) {
            try check(functions.bindBufferMemory(device.handle, buffer, memory, 0), "vkBindBufferMemory")
            mapped = try DeviceBuffer.map(device, memory, purpose)
        } catch {
            functions.destroyBuffer(device.handle, buffer, nil)
            functions.freeMemory(device.handle, memory, nil)
            throw error
        }
        (handle, self.memory) = (buffer, memory)
    }

    deinit {
        // Freeing memory unmaps it.
        device.functions.destroyBuffer(device.handle, handle, nil)
        device.functions.freeMemory(device.handle, memory, nil)
    }

    private static func allocate(
        _ device: VulkanDevice, _ buffer: VkBuffer, _ purpose: Purpose
    ) throws(VulkanError) -> VkDeviceMemory {
        var requirements = VkMemoryRequirements()
        device.functions.bufferRequirements(device.handle, buffer, &requirements)
        let visible =
            VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT.rawValue | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT.rawValue
        let type =
            switch purpose {
            case .device:
                device.physical.memoryType(
                    in: requirements.memoryTypeBits, having: 0, preferring: VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT.rawValue
                )
            case .upload: device.physical.memoryType(in: requirements.memoryTypeBits, having: visible)
            case .readback:
                device.physical.memoryType(
                    in: requirements.memoryTypeBits, having: visible,
                    preferring: VK_MEMORY_PROPERTY_HOST_CACHED_BIT.rawValue)
            }
        guard let type else {
            throw .unsuitableDevice(name: device.name, reason: "it has no memory of the kind that is needed")
        }
        var info = VkMemoryAllocateInfo()
        info.sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO
        info.allocationSize = requirements.size
        info.memoryTypeIndex = type
        var memory: VkDeviceMemory?
        try check(device.functions.allocateMemory(device.handle, &info, nil, &memory), "vkAllocateMemory")
        guard let memory else { throw VulkanError("vkAllocateMemory", VK_ERROR_OUT_OF_DEVICE_MEMORY) }
        return memory
    }

    private static func map(
        _ device: VulkanDevice, _ memory: VkDeviceMemory, _ purpose: Purpose
    ) throws(VulkanError) -> UnsafeMutableRawPointer? {
        guard purpose != .device else { return nil }
        var address: UnsafeMutableRawPointer?
        try check(
            device.functions.mapMemory(device.handle, memory, 0, VkDeviceSize(VK_WHOLE_SIZE), 0, &address),
            "vkMapMemory")
        guard let address else { throw VulkanError("vkMapMemory", VK_ERROR_MEMORY_MAP_FAILED) }
        return address
    }
}
