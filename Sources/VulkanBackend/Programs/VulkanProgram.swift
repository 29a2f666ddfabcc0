import Graphs
import Tensors

/// A graph on a device: its memory, its calls, and the commands that make them all.
final class VulkanProgram: @unchecked Sendable {
    // @unchecked: its executable alone runs it, on one thread at a time; all that others do is let go of it.
    let device: VulkanDevice
    let table: ValueTable
    let dispatches: [Dispatch]
    private let graph: Graph
    private let pipelines: [Pipeline]
    private let descriptors: DescriptorPool
    private let inputs: TransferPlan
    private let outputs: TransferPlan
    private let upload: DeviceBuffer
    private let readback: DeviceBuffer
    let commands: CommandBuffer
    private let idChecks: IDChecks
    private let operationsPerSubmission: Int
    private var timing: NodeTiming?

    /// - Parameters:
    ///   - graph: valid, through its passes.
    ///   - savesPipelines: whether the pipelines made for it are kept on disk at once.
    /// - Throws: `ParameterError` or `VulkanError`.
    init(
        _ graph: Graph, parameters: any ParameterSource, options: VulkanOptions, tuning: Tuning = Tuning(),
        device: VulkanDevice, savesPipelines: Bool = true
    ) throws {
        let table = try ValueTable(
            graph, tensors: try graph.parameterTensors(from: parameters), options: options, device: device)
        let scratchByteCount =
            graph.nodes.map { KernelBuilder.scratchByteCount($0, in: graph, options, tuning, device.features) }.max()
            ?? 0
        let scratch = try DeviceBuffer(device, byteCount: scratchByteCount, .device)
        let builder = KernelBuilder(
            table: table, options: options, tuning: tuning, features: device.features, deviceName: device.name,
            scratch: Operand(
                BufferView(buffer: scratch, byteOffset: 0, byteCount: scratch.byteCount, type: .float32),
                ValueInfo(shape: [scratch.byteCount / 4]), alignment: device.features.offsetAlignment))
        var dispatches: [Dispatch] = []
        for (index, node) in graph.nodes.enumerated() { dispatches += try builder.dispatches(for: node, at: index) }
        var pipelines: [Pipeline] = []
        for dispatch in dispatches { pipelines.append(try device.pipelines.pipeline(dispatch.key)) }
        if savesPipelines { device.pipelines.save() }

        self.device = device
        self.graph = graph
        self.table = table
        self.dispatches = dispatches
        self.pipelines = pipelines
        descriptors = try DescriptorPool(device, dispatches, pipelines)
        inputs = TransferPlan(graph.inputs, in: table)
        outputs = TransferPlan(graph.outputs, in: table)
        upload = try DeviceBuffer(device, byteCount: inputs.byteCount, .upload)
        readback = try DeviceBuffer(device, byteCount: outputs.byteCount, .readback)
        commands = try CommandBuffer(device)
        idChecks = IDChecks(graph, in: table)
        operationsPerSubmission = options.operationsPerSubmission ?? device.features.operationsPerSubmission
        try record(into: commands, timing: nil)
    }

    /// Runs the graph once.
    ///
    /// - Parameter book: takes the seconds of each node that has work to do; nil to measure nothing.
    func run(_ given: [String: Tensor], book: ((_ node: Int, _ seconds: Double) -> Void)?) throws -> [String: Tensor] {
        let tensors = try graph.inputTensors(from: given)
        try idChecks.check(given)
        write(tensors)
        if let book {
            let timing = try timing ?? makeTiming()
            self.timing = timing
            try timing.commands.run()
            try timing.book(book)
        } else {
            try commands.run()
        }
        return read()
    }

    // MARK: Recording

    private func record(into commands: CommandBuffer, timing: TimestampPool?) throws(VulkanError) {
        try commands.record { commands throws(VulkanError) in
            commands.barrier(.hostToTransfer)
            for part in inputs.parts {
                commands.copy(
                    upload, at: part.offset, to: part.view.buffer, at: part.view.byteOffset,
                    byteCount: part.view.byteCount)
            }
            commands.barrier(.transferToCompute)
            if let timing { commands.reset(timing) }
            var hazards = HazardTracker()
            var (timed, operations) = (0, 0)
            for (index, dispatch) in dispatches.enumerated() {
                let isFirst = index == 0 || dispatches[index - 1].node != dispatch.node
                if isFirst {
                    let more = graph.floatingPointOperations(of: graph.nodes[dispatch.node])
                    if operations > 0, operations + more > operationsPerSubmission {
                        try commands.cut()
                        operations = 0
                    }
                    operations += more
                }
                // Nodes that are timed run one after another.
                if hazards.needsBarrier(dispatch) || (timing != nil && isFirst) { commands.barrier(.computeToCompute) }
                if let timing, isFirst {
                    commands.timestamp(timing, timed)
                    timed += 1
                }
                commands.dispatch(
                    pipelines[index], descriptors.sets[index], dispatch.arguments, groups: dispatch.groups)
            }
            if let timing {
                commands.barrier(.computeToCompute)
                commands.timestamp(timing, timed)
            }
            commands.barrier(.computeToTransfer)
            for part in outputs.parts {
                commands.copy(
                    part.view.buffer, at: part.view.byteOffset, to: readback, at: part.offset,
                    byteCount: part.view.byteCount)
            }
            commands.barrier(.transferToHost)
        }
    }

    private func makeTiming() throws(VulkanError) -> NodeTiming {
        guard let clock = device.features.timestamps else {
            throw .unsuitableDevice(name: device.name, reason: "its queue has no timestamps, which profiles need")
        }
        var nodes: [Int] = []
        for dispatch in dispatches where nodes.last != dispatch.node { nodes.append(dispatch.node) }
        let timing = NodeTiming(
            nodes: nodes, clock: clock, pool: try TimestampPool(device, count: nodes.count + 1),
            commands: try CommandBuffer(device))
        try record(into: timing.commands, timing: timing.pool)
        return timing
    }

    // MARK: Transfer

    private func write(_ tensors: [ValueID: Tensor]) {
        guard let mapped = upload.mapped else { return }
        for part in inputs.parts {
            tensors[part.named.value]?.withBytes { bytes in
                UnsafeMutableRawBufferPointer(start: mapped + part.offset, count: bytes.count).copyMemory(from: bytes)
            }
        }
    }

    private func read() -> [String: Tensor] {
        guard let mapped = readback.mapped else { return [:] }
        var tensors: [String: Tensor] = [:]
        for part in outputs.parts {
            let storage = OwnedStorage(byteCount: part.info.byteCount) { target in
                target.copyMemory(from: UnsafeRawBufferPointer(start: mapped + part.offset, count: target.count))
            }
            tensors[part.named.name] = Tensor(
                shape: part.info.shape, elementType: part.info.elementType, storage: storage)
        }
        return tensors
    }
}

/// A second recording of a program that takes the time at every node.
struct NodeTiming {
    /// Nodes with work to do, in order; node i ends where the next begins.
    let nodes: [Int]
    let clock: TimestampClock
    let pool: TimestampPool
    let commands: CommandBuffer

    func book(_ book: (_ node: Int, _ seconds: Double) -> Void) throws(VulkanError) {
        let ticks = try pool.ticks()
        for (index, node) in nodes.enumerated() {
            book(node, clock.seconds(from: ticks[index], to: ticks[index + 1]))
        }
    }
}
