import CVulkan

/// What a driver tells of a compiled kernel.
public struct KernelStatistics: Hashable, Sendable {
    /// The shader and its specialization constants in the order of their numbers.
    public let kernel: String
    /// By the names that the driver gives.
    public let values: [String]

    init(_ key: PipelineKey, values: [String]) {
        kernel = "\(key.shader) \(key.constants.map { String($0.value) }.joined(separator: ","))"
        self.values = values
    }
}

extension KernelStatistics: CustomStringConvertible {
    public var description: String { "\(kernel): \(values.joined(separator: "; "))" }
}

extension DeviceFunctions {
    /// Name and value of everything that the driver counts for a pipeline; empty where it tells nothing.
    func statistics(of pipeline: VkPipeline, _ device: VkDevice) -> [String] {
        guard let executableProperties, let executableStatistics else { return [] }
        var pipelineInfo = VkPipelineInfoKHR()
        pipelineInfo.sType = VK_STRUCTURE_TYPE_PIPELINE_INFO_KHR
        pipelineInfo.pipeline = pipeline
        var executableCount: UInt32 = 0
        guard executableProperties(device, &pipelineInfo, &executableCount, nil) == VK_SUCCESS else { return [] }
        return (0..<executableCount).flatMap { executable in
            var info = VkPipelineExecutableInfoKHR()
            info.sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_INFO_KHR
            info.pipeline = pipeline
            info.executableIndex = executable
            var count: UInt32 = 0
            guard executableStatistics(device, &info, &count, nil) == VK_SUCCESS else { return [String]() }
            var blank = VkPipelineExecutableStatisticKHR()
            blank.sType = VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_STATISTIC_KHR
            var all = [VkPipelineExecutableStatisticKHR](repeating: blank, count: Int(count))
            guard executableStatistics(device, &info, &count, &all).rawValue >= 0 else { return [] }
            return all.prefix(Int(count)).map { "\(String(fixed: $0.name)) \($0.number)" }
        }
    }
}

extension VkPipelineExecutableStatisticKHR {
    fileprivate var number: String {
        switch format {
        case VK_PIPELINE_EXECUTABLE_STATISTIC_FORMAT_BOOL32_KHR: value.b32 == VK_TRUE ? "yes" : "no"
        case VK_PIPELINE_EXECUTABLE_STATISTIC_FORMAT_INT64_KHR: "\(value.i64)"
        case VK_PIPELINE_EXECUTABLE_STATISTIC_FORMAT_UINT64_KHR: "\(value.u64)"
        default: "\(value.f64)"
        }
    }
}
