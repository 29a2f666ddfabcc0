import CVulkan

/// Brings bytes from the host into buffers of the device, through one staging buffer.
struct Uploader {
    private let device: VulkanDevice
    private let staging: DeviceBuffer
    private let commands: CommandBuffer
    private static let stagingByteCount = 16 << 20

    init(_ device: VulkanDevice) throws(VulkanError) {
        self.device = device
        staging = try DeviceBuffer(device, byteCount: Uploader.stagingByteCount, .upload)
        commands = try CommandBuffer(device)
    }

    /// Copies and waits until it is done.
    func copy(_ bytes: UnsafeRawBufferPointer, to target: DeviceBuffer, at offset: Int) throws(VulkanError) {
        guard let mapped = staging.mapped else { return }
        for start in stride(from: 0, to: bytes.count, by: staging.byteCount) {
            let count = min(staging.byteCount, bytes.count - start)
            UnsafeMutableRawBufferPointer(start: mapped, count: count).copyMemory(
                from: UnsafeRawBufferPointer(rebasing: bytes[start..<start + count]))
            try commands.record { commands throws(VulkanError) in
                commands.barrier(.hostToTransfer)
                commands.copy(staging, at: 0, to: target, at: offset + start, byteCount: count)
                commands.barrier(.transferToCompute)
            }
            try commands.run()
        }
    }
}
