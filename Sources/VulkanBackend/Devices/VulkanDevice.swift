import CVulkan
import Synchronization

/// A device that is ready to compute: its queue, and the pipelines made so far.
///
/// Everything made from it keeps it alive.
final class VulkanDevice: @unchecked Sendable {
    // @unchecked: handles are written in `init` and destroyed in `deinit`; the queue is used under `submission`.
    let physical: PhysicalDevice
    let handle: VkDevice
    let functions: DeviceFunctions
    let name: String
    let pipelines: PipelineStore
    let weights = WeightCache()
    private let queue: VkQueue
    /// Held while the queue is handed work; inside is whether the device is lost.
    private let submission = Mutex(false)

    var features: DeviceFeatures { physical.features }
    var instance: VulkanInstance { physical.instance }

    /// - Parameters:
    ///   - cacheFolder: where the pipeline cache is kept between runs, nil for nowhere.
    ///   - capturesStatistics: whether pipelines keep what `PipelineStore.statistics` tells, where the driver can.
    /// - Throws: `VulkanError`.
    init(
        _ physical: PhysicalDevice, shaders: ShaderLibrary, cacheFolder: String?, capturesStatistics: Bool = false
    ) throws(VulkanError) {
        let captures = capturesStatistics && physical.features.hasKernelStatistics
        self.physical = physical
        name = physical.description.name
        guard let family = physical.queueFamily else {
            throw .unsuitableDevice(name: name, reason: "it has no compute queue")
        }
        let handle = try VulkanDevice.create(physical, family, capturesStatistics: captures)
        do throws(VulkanError) {
            let functions = try DeviceFunctions(physical.instance.functions.deviceFunction, handle)
            var queue: VkQueue?
            functions.getDeviceQueue(handle, family, 0, &queue)
            guard let queue else { throw VulkanError("vkGetDeviceQueue", VK_ERROR_INITIALIZATION_FAILED) }
            let file = cacheFolder.map { PipelineCacheFile(folder: $0, physical) }
            pipelines = try PipelineStore(
                handle, functions, shaders, physical.features, name: name, file: file, capturesStatistics: captures)
            (self.handle, self.functions, self.queue) = (handle, functions, queue)
        } catch {
            physical.instance.functions.destroyDevice(handle, nil)
            throw error
        }
    }

    deinit {
        pipelines.destroy()
        functions.destroyDevice(handle, nil)
    }

    var queueFamily: UInt32 { physical.queueFamily ?? 0 }

    private static func create(
        _ physical: PhysicalDevice, _ family: UInt32, capturesStatistics: Bool
    ) throws(VulkanError) -> VkDevice {
        var extensions =
            physical.features.cooperativeMatrix == nil ? [] : [VK_KHR_COOPERATIVE_MATRIX_EXTENSION_NAME]
        if !physical.features.workgroupMatrices.isEmpty { extensions.append(VK_NV_COOPERATIVE_MATRIX_2_EXTENSION_NAME) }
        if capturesStatistics { extensions.append(VK_KHR_PIPELINE_EXECUTABLE_PROPERTIES_EXTENSION_NAME) }
        var chain = FeatureChain(Set(extensions), apiVersion: physical.properties.apiVersion)
        chain.enable(physical.features)
        var handle: VkDevice?
        var priority: Float = 1
        let result = chain.withChain { head in
            withCStrings(extensions) { extensionNames in
                withUnsafePointer(to: &priority) { priority in
                    var queue = VkDeviceQueueCreateInfo()
                    queue.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO
                    queue.queueFamilyIndex = family
                    queue.queueCount = 1
                    queue.pQueuePriorities = priority
                    return withUnsafePointer(to: &queue) { queue in
                        var info = VkDeviceCreateInfo()
                        info.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO
                        info.pNext = UnsafeRawPointer(head)
                        info.queueCreateInfoCount = 1
                        info.pQueueCreateInfos = queue
                        info.enabledExtensionCount = UInt32(extensions.count)
                        info.ppEnabledExtensionNames = extensionNames
                        return physical.instance.functions.createDevice(physical.handle, &info, nil, &handle)
                    }
                }
            }
        }
        try check(result, "vkCreateDevice")
        guard let handle else { throw VulkanError("vkCreateDevice", VK_ERROR_INITIALIZATION_FAILED) }
        return handle
    }

    // MARK: Work

    /// Whether the driver has given the device up: nothing made from it works any more.
    var isLost: Bool { submission.withLock { $0 } }

    /// From now on every submission fails as that of a lost device, without asking the driver.
    func markLost() { submission.withLock { $0 = true } }

    /// Runs command buffers one after another and waits until the last has finished.
    ///
    /// - Parameters:
    ///   - commands: each is submitted by a call of its own, because drivers put those of one call together.
    ///   - fence: not signalled, not in use.
    func run(_ commands: [VkCommandBuffer], _ fence: VkFence) throws(VulkanError) {
        let (submitted, count) = submission.withLock { isLost -> (VkResult, Int) in
            guard !isLost else { return (VK_ERROR_DEVICE_LOST, 0) }
            for (index, buffer) in commands.enumerated() {
                let result = submit(buffer, index == commands.count - 1 ? fence : nil)
                if result != VK_SUCCESS { return (result, index) }
            }
            return (VK_SUCCESS, commands.count)
        }
        if submitted == VK_ERROR_DEVICE_LOST { markLost() }
        // Of several submissions the first may be running when another fails, without a fence to wait for.
        if count > 0 { try checkSubmitted(submitted, "vkQueueSubmit") } else { try check(submitted, "vkQueueSubmit") }
        var fence: VkFence? = fence
        try checkSubmitted(functions.waitForFences(handle, 1, &fence, VkBool32(VK_TRUE), .max), "vkWaitForFences")
        try checkSubmitted(functions.resetFences(handle, 1, &fence), "vkResetFences")
    }

    private func submit(_ commands: VkCommandBuffer, _ fence: VkFence?) -> VkResult {
        var commands: VkCommandBuffer? = commands
        return withUnsafePointer(to: &commands) { commands in
            var info = VkSubmitInfo()
            info.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO
            info.commandBufferCount = 1
            info.pCommandBuffers = commands
            return functions.queueSubmit(queue, 1, &info, fence)
        }
    }

    /// Gives the device up if a call behind a submission failed, whatever the reason: nobody knows whether the commands
    /// have finished or the fence can be used again.
    private func checkSubmitted(_ result: VkResult, _ function: String) throws(VulkanError) {
        if result != VK_SUCCESS {
            submission.withLock { isLost in
                isLost = true
                // What the commands use is given back next.
                _ = functions.deviceWaitIdle(handle)
            }
        }
        try check(result, function)
    }
}
