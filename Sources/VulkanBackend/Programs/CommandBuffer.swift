import CVulkan

/// Commands with their pool and fence: recorded once, run as often as needed. Long ones are cut into several buffers, each a
/// submission of its own, because drivers end a submission that takes some seconds.
final class CommandBuffer {
    /// Who must have finished writing before who reads.
    enum Barrier {
        case hostToTransfer, transferToCompute, computeToCompute, computeToTransfer, transferToHost
    }

    private let device: VulkanDevice
    private let pool: VkCommandPool
    private let fence: VkFence
    /// In the order of their running; those beyond `count` are of an earlier, longer recording.
    private var handles: [VkCommandBuffer] = []
    /// Buffers of what is recorded; while recording, the last is the one that takes commands.
    private(set) var count = 0
    private var handle: VkCommandBuffer { handles[count - 1] }
    private var functions: DeviceFunctions { device.functions }

    init(_ device: VulkanDevice) throws(VulkanError) {
        let functions = device.functions
        var info = VkCommandPoolCreateInfo()
        info.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO
        info.flags = VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT.rawValue
        info.queueFamilyIndex = device.queueFamily
        var pool: VkCommandPool?
        try check(functions.createCommandPool(device.handle, &info, nil, &pool), "vkCreateCommandPool")
        guard let pool else { throw VulkanError("vkCreateCommandPool", VK_ERROR_OUT_OF_HOST_MEMORY) }

        var fenceInfo = VkFenceCreateInfo()
        fenceInfo.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO
        var fence: VkFence?
        let created = functions.createFence(device.handle, &fenceInfo, nil, &fence)
        guard let fence, created == VK_SUCCESS else {
            functions.destroyCommandPool(device.handle, pool, nil)
            throw VulkanError("vkCreateFence", created)
        }
        (self.device, self.pool, self.fence) = (device, pool, fence)
    }

    deinit {
        functions.destroyFence(device.handle, fence, nil)
        functions.destroyCommandPool(device.handle, pool, nil)
    }

    /// Replaces what is recorded.
    func record(_ body: (CommandBuffer) throws(VulkanError) -> Void) throws(VulkanError) {
        count = 0
        try begin()
        try body(self)
        try end()
    }

    /// While recording: what follows is a submission of its own. Barriers hold across it.
    func cut() throws(VulkanError) {
        try end()
        try begin()
    }

    private func begin() throws(VulkanError) {
        if count == handles.count { handles.append(try allocate()) }
        count += 1
        var info = VkCommandBufferBeginInfo()
        info.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO
        try check(functions.beginCommandBuffer(handle, &info), "vkBeginCommandBuffer")
    }

    private func end() throws(VulkanError) { try check(functions.endCommandBuffer(handle), "vkEndCommandBuffer") }

    private func allocate() throws(VulkanError) -> VkCommandBuffer {
        var allocation = VkCommandBufferAllocateInfo()
        allocation.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO
        allocation.commandPool = pool
        allocation.level = VK_COMMAND_BUFFER_LEVEL_PRIMARY
        allocation.commandBufferCount = 1
        var handle: VkCommandBuffer?
        try check(functions.allocateCommandBuffers(device.handle, &allocation, &handle), "vkAllocateCommandBuffers")
        guard let handle else { throw VulkanError("vkAllocateCommandBuffers", VK_ERROR_OUT_OF_HOST_MEMORY) }
        return handle
    }

    /// Runs what is recorded and waits for its end.
    func run() throws(VulkanError) { try device.run(Array(handles.prefix(count)), fence) }

    // MARK: Commands

    func barrier(_ barrier: Barrier) {
        typealias Stage = (stage: UInt32, access: UInt32)
        let (host, transfer, compute) = (
            VK_PIPELINE_STAGE_HOST_BIT.rawValue, VK_PIPELINE_STAGE_TRANSFER_BIT.rawValue,
            VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT.rawValue
        )
        let shader = VK_ACCESS_SHADER_READ_BIT.rawValue | VK_ACCESS_SHADER_WRITE_BIT.rawValue
        let (from, to): (Stage, Stage) =
            switch barrier {
            case .hostToTransfer:
                ((host, VK_ACCESS_HOST_WRITE_BIT.rawValue), (transfer, VK_ACCESS_TRANSFER_READ_BIT.rawValue))
            case .transferToCompute: ((transfer, VK_ACCESS_TRANSFER_WRITE_BIT.rawValue), (compute, shader))
            case .computeToCompute: ((compute, VK_ACCESS_SHADER_WRITE_BIT.rawValue), (compute, shader))
            case .computeToTransfer:
                ((compute, VK_ACCESS_SHADER_WRITE_BIT.rawValue), (transfer, VK_ACCESS_TRANSFER_READ_BIT.rawValue))
            case .transferToHost:
                ((transfer, VK_ACCESS_TRANSFER_WRITE_BIT.rawValue), (host, VK_ACCESS_HOST_READ_BIT.rawValue))
            }
        var memory = VkMemoryBarrier()
        memory.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER
        memory.srcAccessMask = from.access
        memory.dstAccessMask = to.access
        functions.pipelineBarrier(handle, from.stage, to.stage, 0, 1, &memory, 0, nil, 0, nil)
    }

    func copy(
        _ source: DeviceBuffer, at sourceOffset: Int, to target: DeviceBuffer, at targetOffset: Int, byteCount: Int
    ) {
        var region = VkBufferCopy(
            srcOffset: VkDeviceSize(sourceOffset), dstOffset: VkDeviceSize(targetOffset), size: VkDeviceSize(byteCount))
        functions.copyBuffer(handle, source.handle, target.handle, 1, &region)
    }

    func dispatch(_ pipeline: Pipeline, _ set: VkDescriptorSet, _ arguments: [UInt8], groups: (x: Int, y: Int, z: Int))
    {
        functions.bindPipeline(handle, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline.handle)
        var set: VkDescriptorSet? = set
        functions.bindDescriptorSets(handle, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline.layout, 0, 1, &set, 0, nil)
        arguments.withUnsafeBytes { bytes in
            functions.pushConstants(
                handle, pipeline.layout, VK_SHADER_STAGE_COMPUTE_BIT.rawValue, 0, UInt32(bytes.count), bytes.baseAddress
            )
        }
        functions.dispatch(handle, UInt32(clamping: groups.x), UInt32(clamping: groups.y), UInt32(clamping: groups.z))
    }

    func reset(_ queries: TimestampPool) {
        functions.resetQueryPool(handle, queries.handle, 0, UInt32(queries.count))
    }

    /// Writes the time at which everything recorded before has finished.
    func timestamp(_ queries: TimestampPool, _ index: Int) {
        functions.writeTimestamp(handle, VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT, queries.handle, UInt32(index))
    }
}
