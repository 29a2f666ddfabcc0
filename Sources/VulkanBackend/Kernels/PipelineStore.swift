import CVulkan
import Synchronization

/// A pipeline with what is needed to bind it.
struct Pipeline {
    let handle: VkPipeline
    let layout: VkPipelineLayout
    let setLayout: VkDescriptorSetLayout
}

/// The pipelines of a device, each made once.
///
/// Owned by its device, which calls `destroy` before it goes.
final class PipelineStore: @unchecked Sendable {
    // @unchecked: what changes is inside `state`.
    private struct Layout {
        let set: VkDescriptorSetLayout
        let pipeline: VkPipelineLayout
    }

    private struct State {
        var pipelines: [PipelineKey: Pipeline] = [:]
        var layouts: [Int: Layout] = [:]
        var unsavedCount = 0
    }

    private let device: VkDevice
    private let functions: DeviceFunctions
    private let shaders: ShaderLibrary
    private let features: DeviceFeatures
    private let name: String
    private let file: PipelineCacheFile?
    private let capturesStatistics: Bool
    private let cache: VkPipelineCache?
    private let state = Mutex(State())

    /// - Parameters:
    ///   - file: where compiled pipelines are kept, nil for nowhere.
    ///   - capturesStatistics: whether the driver keeps what `statistics` tells; the device was made for it.
    init(
        _ device: VkDevice, _ functions: DeviceFunctions, _ shaders: ShaderLibrary, _ features: DeviceFeatures,
        name: String, file: PipelineCacheFile?, capturesStatistics: Bool = false
    ) throws(VulkanError) {
        self.capturesStatistics = capturesStatistics
        (self.device, self.functions, self.shaders, self.features) = (device, functions, shaders, features)
        (self.name, self.file) = (name, file)
        let data = file?.load() ?? []
        var cache: VkPipelineCache?
        let result = data.withUnsafeBytes { bytes in
            var info = VkPipelineCacheCreateInfo()
            info.sType = VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO
            info.initialDataSize = bytes.count
            info.pInitialData = bytes.baseAddress
            return functions.createPipelineCache(device, &info, nil, &cache)
        }
        try check(result, "vkCreatePipelineCache")
        self.cache = cache
    }

    /// Of the pipelines made so far.
    var keys: [PipelineKey] { state.withLock { Array($0.pipelines.keys) } }

    /// The pipeline of a key, made at the first asking.
    ///
    /// - Throws: `VulkanError.missingFeature` if the device cannot run the shader.
    func pipeline(_ key: PipelineKey) throws(VulkanError) -> Pipeline {
        try state.withLock { state throws(VulkanError) in
            if let known = state.pipelines[key] { return known }
            if state.layouts[key.bindingCount] == nil {
                state.layouts[key.bindingCount] = try makeLayout(key.bindingCount)
            }
            guard let layout = state.layouts[key.bindingCount] else {
                throw VulkanError("vkCreatePipelineLayout", VK_ERROR_INITIALIZATION_FAILED)
            }
            let pipeline = Pipeline(
                handle: try make(key, layout.pipeline), layout: layout.pipeline, setLayout: layout.set)
            state.pipelines[key] = pipeline
            state.unsavedCount += 1
            return pipeline
        }
    }

    /// What the driver tells of the pipelines made so far: registers, shared memory, what was spilled.
    func statistics() -> [KernelStatistics] {
        guard capturesStatistics else { return [] }
        return state.withLock { state in
            state.pipelines.map { key, pipeline in
                KernelStatistics(key, values: functions.statistics(of: pipeline.handle, device))
            }
        }.sorted { $0.kernel < $1.kernel }
    }

    /// Writes the cache file if there is anything new. What goes wrong costs time at the next start and no more.
    func save() {
        guard let file, let cache else { return }
        // Under the lock: a pipeline made between the two calls would make the data longer than its room.
        let unsaved: [UInt8]? = state.withLock { state in
            guard state.unsavedCount > 0, let data = contents(of: cache) else { return nil }
            state.unsavedCount = 0
            return data
        }
        if let unsaved { file.store(unsaved) }
    }

    /// All that the driver keeps of the pipelines made so far, nil if it does not give it.
    private func contents(of cache: VkPipelineCache) -> [UInt8]? {
        var count = 0
        guard functions.pipelineCacheData(device, cache, &count, nil) == VK_SUCCESS, count > 0 else { return nil }
        var data = [UInt8](repeating: 0, count: count)
        guard functions.pipelineCacheData(device, cache, &count, &data) == VK_SUCCESS else { return nil }
        return Array(data.prefix(count))
    }

    func destroy() {
        state.withLock { state in
            for pipeline in state.pipelines.values { functions.destroyPipeline(device, pipeline.handle, nil) }
            for layout in state.layouts.values {
                functions.destroyPipelineLayout(device, layout.pipeline, nil)
                functions.destroySetLayout(device, layout.set, nil)
            }
            state = State()
        }
        functions.destroyPipelineCache(device, cache, nil)
    }

    // MARK: Making

    private func make(_ key: PipelineKey, _ layout: VkPipelineLayout) throws(VulkanError) -> VkPipeline {
        let shader = try shaders.shader(key.shader)
        if let feature = features.missing(shader.needs) {
            throw .missingFeature(device: name, wanted: key.shader, feature: feature)
        }
        var module: VkShaderModule?
        let words = key.roundsConversions ? shader.wordsThatRoundConversions : shader.words
        let created = words.withUnsafeBytes { bytes in
            var info = VkShaderModuleCreateInfo()
            info.sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO
            info.codeSize = bytes.count
            info.pCode = bytes.bindMemory(to: UInt32.self).baseAddress
            return functions.createShaderModule(device, &info, nil, &module)
        }
        try check(created, "vkCreateShaderModule", node: key.shader)
        defer { functions.destroyShaderModule(device, module, nil) }

        let entries = key.constants.indices.map { index in
            VkSpecializationMapEntry(constantID: key.constants[index].number, offset: UInt32(4 * index), size: 4)
        }
        let values = key.constants.map(\.value)
        var subgroups = VkPipelineShaderStageRequiredSubgroupSizeCreateInfo()
        subgroups.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_REQUIRED_SUBGROUP_SIZE_CREATE_INFO
        subgroups.requiredSubgroupSize = u32(key.subgroupSize ?? 0)
        var pipeline: VkPipeline?
        let result = entries.withUnsafeBufferPointer { entries in
            values.withUnsafeBytes { values in
                var specialization = VkSpecializationInfo()
                specialization.mapEntryCount = UInt32(entries.count)
                specialization.pMapEntries = entries.baseAddress
                specialization.dataSize = values.count
                specialization.pData = values.baseAddress
                return withUnsafePointer(to: &specialization) { specialization in
                    withUnsafePointer(to: &subgroups) { subgroups in
                        "main".withCString { name in
                            var info = VkComputePipelineCreateInfo()
                            info.sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO
                            info.stage.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO
                            info.stage.stage = VK_SHADER_STAGE_COMPUTE_BIT
                            info.stage.module = module
                            info.stage.pName = name
                            info.stage.pSpecializationInfo = specialization
                            if key.subgroupSize != nil {
                                if !features.hasOneSubgroupSize { info.stage.pNext = UnsafeRawPointer(subgroups) }
                                info.stage.flags =
                                    VK_PIPELINE_SHADER_STAGE_CREATE_REQUIRE_FULL_SUBGROUPS_BIT.rawValue
                            }
                            info.layout = layout
                            if capturesStatistics {
                                info.flags = VK_PIPELINE_CREATE_CAPTURE_STATISTICS_BIT_KHR.rawValue
                            }
                            return functions.createComputePipelines(device, cache, 1, &info, nil, &pipeline)
                        }
                    }
                }
            }
        }
        try check(result, "vkCreateComputePipelines", node: key.shader)
        guard let pipeline else { throw VulkanError("vkCreateComputePipelines", VK_ERROR_INITIALIZATION_FAILED) }
        return pipeline
    }

    private func makeLayout(_ bindingCount: Int) throws(VulkanError) -> Layout {
        let bindings = (0..<bindingCount).map { number in
            var binding = VkDescriptorSetLayoutBinding()
            binding.binding = UInt32(number)
            binding.descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER
            binding.descriptorCount = 1
            binding.stageFlags = VK_SHADER_STAGE_COMPUTE_BIT.rawValue
            return binding
        }
        var set: VkDescriptorSetLayout?
        let created = bindings.withUnsafeBufferPointer { bindings in
            var info = VkDescriptorSetLayoutCreateInfo()
            info.sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO
            info.bindingCount = UInt32(bindings.count)
            info.pBindings = bindings.baseAddress
            return functions.createSetLayout(device, &info, nil, &set)
        }
        try check(created, "vkCreateDescriptorSetLayout")

        var pipeline: VkPipelineLayout?
        // All shaders share the 128 bytes that every device has.
        var constants = VkPushConstantRange(
            stageFlags: VK_SHADER_STAGE_COMPUTE_BIT.rawValue, offset: 0, size: UInt32(Dispatch.argumentByteCount))
        let result = withUnsafePointer(to: &constants) { constants in
            withUnsafePointer(to: &set) { set in
                var info = VkPipelineLayoutCreateInfo()
                info.sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO
                info.setLayoutCount = 1
                info.pSetLayouts = set
                info.pushConstantRangeCount = 1
                info.pPushConstantRanges = constants
                return functions.createPipelineLayout(device, &info, nil, &pipeline)
            }
        }
        guard result == VK_SUCCESS, let set, let pipeline else {
            functions.destroySetLayout(device, set, nil)
            throw VulkanError("vkCreatePipelineLayout", result)
        }
        return Layout(set: set, pipeline: pipeline)
    }
}
