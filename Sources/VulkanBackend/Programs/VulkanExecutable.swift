import Graphs
import Tensors

/// A graph that is ready on a device, and is made ready again if the device is lost.
final class VulkanExecutable: ExecutableGraph {
    private let graph: Graph
    private let parameters: any ParameterSource
    private let host: DeviceHost
    private let place: ProgramPlace
    private var profiler: GraphProfiler

    /// - Parameter graph: valid, through its passes.
    init(_ graph: Graph, parameters: any ParameterSource, host: DeviceHost) throws {
        self.graph = graph
        self.parameters = parameters
        self.host = host
        place = host.makePlace()
        profiler = GraphProfiler(graph)
        try onWorkingDevice { _ in }
    }

    func run(_ inputs: [String: Tensor]) throws -> [String: Tensor] {
        try onWorkingDevice { program in try runOnce(program, inputs) }
    }

    /// The program on the device in use, built anew if it went with a lost one.
    func program() throws -> VulkanProgram { try program(on: host.device) }

    var profile: [NodeCost] { profiler.costs }

    var isProfiling: Bool {
        get { profiler.isRunning }
        set { profiler.isRunning = newValue }
    }

    private func runOnce(_ program: VulkanProgram, _ inputs: [String: Tensor]) throws -> [String: Tensor] {
        guard profiler.isRunning else { return try program.run(inputs, book: nil) }
        return try program.run(inputs) { node, seconds in self.profiler.book(seconds, on: node) }
    }

    // MARK: Loss

    /// What `body` gives; if the device is lost, or was before, what it gives on another one.
    ///
    /// - Throws: `VulkanError.deviceLost` if that is lost, too, or what else goes wrong.
    private func onWorkingDevice<Result>(_ body: (VulkanProgram) throws -> Result) throws -> Result {
        let device = host.device
        if !device.isLost {
            do {
                return try body(program(on: device))
            } catch let error as VulkanError where VulkanExecutable.isLoss(error, of: device) {
                // Tried again below, where nothing of the lost program is held any more.
            }
        }
        // Once: a second loss in a row is the work's or the card's fault, and no third try would end better.
        let next = try host.replacement(for: device)
        do {
            return try body(program(on: next))
        } catch let error as VulkanError where VulkanExecutable.isLoss(error, of: next) {
            throw VulkanError.deviceLost(name: next.name)
        }
    }

    /// On a lost device calls fail in any way, for want of memory as well.
    private static func isLoss(_ error: VulkanError, of device: VulkanDevice) -> Bool {
        error.isDeviceLoss || device.isLost
    }

    private func program(on device: VulkanDevice) throws -> VulkanProgram {
        if let program = place.program, program.device === device { return program }
        // The memory of the old one first: there may not be enough for both.
        place.program = nil
        let program = try VulkanProgram(
            graph, parameters: parameters, options: host.options, tuning: host.tuning, device: device)
        place.program = program
        // Lost meanwhile: the host may have cleared the places already and does not come by again.
        if device.isLost {
            place.program = nil
            throw VulkanError.deviceLost(name: device.name)
        }
        return program
    }
}
