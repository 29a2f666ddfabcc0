import CVulkan

/// The functions of a device, looked up past the loader's dispatch.
struct DeviceFunctions {
    let destroyDevice: PFN_vkDestroyDevice
    let deviceWaitIdle: PFN_vkDeviceWaitIdle
    let getDeviceQueue: PFN_vkGetDeviceQueue
    let queueSubmit: PFN_vkQueueSubmit

    let createBuffer: PFN_vkCreateBuffer
    let destroyBuffer: PFN_vkDestroyBuffer
    let bufferRequirements: PFN_vkGetBufferMemoryRequirements
    let allocateMemory: PFN_vkAllocateMemory
    let freeMemory: PFN_vkFreeMemory
    let bindBufferMemory: PFN_vkBindBufferMemory
    let mapMemory: PFN_vkMapMemory

    let createShaderModule: PFN_vkCreateShaderModule
    let destroyShaderModule: PFN_vkDestroyShaderModule
    let createSetLayout: PFN_vkCreateDescriptorSetLayout
    let destroySetLayout: PFN_vkDestroyDescriptorSetLayout
    let createPipelineLayout: PFN_vkCreatePipelineLayout
    let destroyPipelineLayout: PFN_vkDestroyPipelineLayout
    let createComputePipelines: PFN_vkCreateComputePipelines
    let destroyPipeline: PFN_vkDestroyPipeline
    let createPipelineCache: PFN_vkCreatePipelineCache
    let destroyPipelineCache: PFN_vkDestroyPipelineCache
    let pipelineCacheData: PFN_vkGetPipelineCacheData

    let createDescriptorPool: PFN_vkCreateDescriptorPool
    let destroyDescriptorPool: PFN_vkDestroyDescriptorPool
    let allocateDescriptorSets: PFN_vkAllocateDescriptorSets
    let updateDescriptorSets: PFN_vkUpdateDescriptorSets

    let createCommandPool: PFN_vkCreateCommandPool
    let destroyCommandPool: PFN_vkDestroyCommandPool
    let allocateCommandBuffers: PFN_vkAllocateCommandBuffers
    let beginCommandBuffer: PFN_vkBeginCommandBuffer
    let endCommandBuffer: PFN_vkEndCommandBuffer
    let bindPipeline: PFN_vkCmdBindPipeline
    let bindDescriptorSets: PFN_vkCmdBindDescriptorSets
    let pushConstants: PFN_vkCmdPushConstants
    let dispatch: PFN_vkCmdDispatch
    let copyBuffer: PFN_vkCmdCopyBuffer
    let pipelineBarrier: PFN_vkCmdPipelineBarrier
    let resetQueryPool: PFN_vkCmdResetQueryPool
    let writeTimestamp: PFN_vkCmdWriteTimestamp

    /// nil where the device was made without VK_KHR_pipeline_executable_properties.
    let executableProperties: PFN_vkGetPipelineExecutablePropertiesKHR?
    let executableStatistics: PFN_vkGetPipelineExecutableStatisticsKHR?

    let createFence: PFN_vkCreateFence
    let destroyFence: PFN_vkDestroyFence
    let resetFences: PFN_vkResetFences
    let waitForFences: PFN_vkWaitForFences
    let createQueryPool: PFN_vkCreateQueryPool
    let destroyQueryPool: PFN_vkDestroyQueryPool
    let queryResults: PFN_vkGetQueryPoolResults

    init(_ deviceFunction: PFN_vkGetDeviceProcAddr, _ device: VkDevice) throws(VulkanError) {
        func load<Function>(_ name: String) throws(VulkanError) -> Function {
            guard let function = deviceFunction(device, name) else {
                throw .noLoader("the Vulkan driver has no \(name)")
            }
            return unsafeBitCast(function, to: Function.self)
        }
        destroyDevice = try load("vkDestroyDevice")
        deviceWaitIdle = try load("vkDeviceWaitIdle")
        getDeviceQueue = try load("vkGetDeviceQueue")
        queueSubmit = try load("vkQueueSubmit")
        createBuffer = try load("vkCreateBuffer")
        destroyBuffer = try load("vkDestroyBuffer")
        bufferRequirements = try load("vkGetBufferMemoryRequirements")
        allocateMemory = try load("vkAllocateMemory")
        freeMemory = try load("vkFreeMemory")
        bindBufferMemory = try load("vkBindBufferMemory")
        mapMemory = try load("vkMapMemory")
        createShaderModule = try load("vkCreateShaderModule")
        destroyShaderModule = try load("vkDestroyShaderModule")
        createSetLayout = try load("vkCreateDescriptorSetLayout")
        destroySetLayout = try load("vkDestroyDescriptorSetLayout")
        createPipelineLayout = try load("vkCreatePipelineLayout")
        destroyPipelineLayout = try load("vkDestroyPipelineLayout")
        createComputePipelines = try load("vkCreateComputePipelines")
        destroyPipeline = try load("vkDestroyPipeline")
        createPipelineCache = try load("vkCreatePipelineCache")
        destroyPipelineCache = try load("vkDestroyPipelineCache")
        pipelineCacheData = try load("vkGetPipelineCacheData")
        createDescriptorPool = try load("vkCreateDescriptorPool")
        destroyDescriptorPool = try load("vkDestroyDescriptorPool")
        allocateDescriptorSets = try load("vkAllocateDescriptorSets")
        updateDescriptorSets = try load("vkUpdateDescriptorSets")
        createCommandPool = try load("vkCreateCommandPool")
        destroyCommandPool = try load("vkDestroyCommandPool")
        allocateCommandBuffers = try load("vkAllocateCommandBuffers")
        beginCommandBuffer = try load("vkBeginCommandBuffer")
        endCommandBuffer = try load("vkEndCommandBuffer")
        bindPipeline = try load("vkCmdBindPipeline")
        bindDescriptorSets = try load("vkCmdBindDescriptorSets")
        pushConstants = try load("vkCmdPushConstants")
        dispatch = try load("vkCmdDispatch")
        copyBuffer = try load("vkCmdCopyBuffer")
        pipelineBarrier = try load("vkCmdPipelineBarrier")
        resetQueryPool = try load("vkCmdResetQueryPool")
        writeTimestamp = try load("vkCmdWriteTimestamp")
        executableProperties = try? load("vkGetPipelineExecutablePropertiesKHR")
        executableStatistics = try? load("vkGetPipelineExecutableStatisticsKHR")
        createFence = try load("vkCreateFence")
        destroyFence = try load("vkDestroyFence")
        resetFences = try load("vkResetFences")
        waitForFences = try load("vkWaitForFences")
        createQueryPool = try load("vkCreateQueryPool")
        destroyQueryPool = try load("vkDestroyQueryPool")
        queryResults = try load("vkGetQueryPoolResults")
    }
}
