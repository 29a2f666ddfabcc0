public import Graphs

/// Runs graphs on a GPU of any vendor through Vulkan compute.
///
/// One device for all graphs, one queue; graphs of one model share their weights. The same inputs give the same bits
/// at every run on one device and driver, as long as nobody tunes it (`VulkanTuner`).
public struct VulkanBackend: Backend {
    private let host: DeviceHost

    /// Chooses a device and sets it up.
    ///
    /// - Throws: `VulkanError`: no loader, no suitable device, or a call that failed.
    public init(device: DeviceChoice = .automatic, options: VulkanOptions = VulkanOptions()) throws(VulkanError) {
        host = try DeviceHost(device, options)
    }

    public var name: String { "vulkan (\(device.name), \(host.options.storage.rawValue))" }

    /// The device in use.
    public var device: VulkanDeviceDescription { host.description }

    /// How often the device was lost and set up anew.
    public var lossCount: Int { host.lossCount }

    /// Half of the memory is left to weights, to other graphs and to other programs.
    public func holds(_ graph: Graph) -> Bool {
        let plan = StoredPlan(VulkanBackend.optimised(graph), host.options).memory
        let limit = host.device.features.valueLimit
        return plan.arenaByteCount <= device.memoryByteCount / 2 && plan.blocks.allSatisfy { $0.byteCount <= limit }
    }

    /// The kernel of matrix products that was asked for, nil where the device decides.
    public var products: ProductKernel? { host.options.products }
    /// How many sizes of tiles there are for `VulkanOptions.tileSize`, by the kernel of products and their staging.
    public static func tileSizeCount(_ products: ProductKernel?, _ staging: TileStaging) -> Int {
        products == .workgroup || products == .emulatedWorkgroup
            ? WorkgroupTile.sizes.count : CooperativeTile.sizes(staging).count
    }

    /// Every device that the loader finds, in its order.
    ///
    /// - Throws: `VulkanError.noLoader`, or a call that failed.
    public static func devices() throws(VulkanError) -> [VulkanDeviceDescription] {
        do throws(VulkanError) {
            return try VulkanInstance().devices().map(\.description)
        } catch {
            if case .noDevice = error { return [] }
            throw error
        }
    }

    /// Fuses, orders, plans memory, uploads the weights and records the commands.
    ///
    /// - Throws: `GraphError` or `ShapeError` for a graph that does not hold together, `ParameterError` for a weight
    ///   that is missing or misshaped, `VulkanError` when the device cannot.
    public func compile(_ graph: Graph, parameters: any ParameterSource) throws -> any ExecutableGraph {
        try prepare(graph, parameters: parameters)
    }

    func prepare(_ graph: Graph, parameters: any ParameterSource) throws -> VulkanExecutable {
        try graph.validate()
        return try VulkanExecutable(VulkanBackend.optimised(graph), parameters: parameters, host: host)
    }

    /// A backend that tunes this one: what it finds holds for graphs that are compiled after.
    ///
    /// - Parameters:
    ///   - runCount: of each way to compute a product; the fastest counts.
    ///   - again: whether to measure also what was measured before on this device.
    ///   - excluded: parts of names of ways that are not measured, should a driver not survive them.
    ///   - onProgress: takes a line for each way that is being measured.
    public func tuner(
        runCount: Int = 5, again: Bool = false, excluding excluded: [String] = [],
        onProgress: @escaping @Sendable (String) -> Void = { _ in }
    ) -> VulkanTuner {
        VulkanTuner(self, host, runCount: runCount, again: again, excluding: excluded, onProgress: onProgress)
    }

    /// Keeps what was tuned for programs to come, beside the compiled kernels.
    ///
    /// - Returns: the file; nil where there is no folder for it.
    /// - Throws: what keeps the file from being written.
    public func saveTuning() throws -> String? { try host.saveTuning() }

    /// Products and attentions that are computed in ways that were measured on this device.
    public var tunedCount: Int { host.tuning.count }

    static func optimised(_ graph: Graph) -> Graph {
        graph.applying([DeadCodeElimination(), FusionPass(), AttentionFusion(), LevelOrder()])
    }

    /// Names of the kernels that were compiled so far, in order.
    public var kernelNames: [String] { Set(host.device.pipelines.keys.map(\.shader)).sorted() }

    /// What the driver tells of the kernels compiled so far; empty unless `VulkanOptions.capturesStatistics` is set and the device
    /// has VK_KHR_pipeline_executable_properties.
    public var kernelStatistics: [KernelStatistics] { host.device.pipelines.statistics() }

    /// Errors and warnings of the validation layer, where it is on.
    public var validationMessages: [String] { host.validationMessages }

    /// For tests of what happens when the device is lost.
    var currentDevice: VulkanDevice { host.device }
}
