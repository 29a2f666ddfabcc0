import CVulkan

/// Times that the device takes while it works.
final class TimestampPool {
    let handle: VkQueryPool
    let count: Int
    private let device: VulkanDevice

    init(_ device: VulkanDevice, count: Int) throws(VulkanError) {
        var info = VkQueryPoolCreateInfo()
        info.sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO
        info.queryType = VK_QUERY_TYPE_TIMESTAMP
        info.queryCount = UInt32(count)
        var handle: VkQueryPool?
        try check(device.functions.createQueryPool(device.handle, &info, nil, &handle), "vkCreateQueryPool")
        guard let handle else { throw VulkanError("vkCreateQueryPool", VK_ERROR_OUT_OF_HOST_MEMORY) }
        (self.handle, self.count, self.device) = (handle, count, device)
    }

    deinit { device.functions.destroyQueryPool(device.handle, handle, nil) }

    /// All times in ticks, once the commands that take them have run.
    func ticks() throws(VulkanError) -> [UInt64] {
        var ticks = [UInt64](repeating: 0, count: count)
        let flags = VK_QUERY_RESULT_64_BIT.rawValue | VK_QUERY_RESULT_WAIT_BIT.rawValue
        let result = ticks.withUnsafeMutableBytes { bytes in
            device.functions.queryResults(
                device.handle, handle, 0, UInt32(count), bytes.count, bytes.baseAddress, 8, flags)
        }
        try check(result, "vkGetQueryPoolResults")
        return ticks
    }
}
