import Graphs
import Tensors

/// A graph that is ready on a device, and is made ready again if the device is lost.
final class VulkanExecutable: ExecutableGraph {
    private let graph: Graph
    private let parameters: any ParameterSource
    private let host: DeviceHost
    private(set) var program: VulkanProgram
    private var profiler: GraphProfiler

    /// - Parameter graph: valid, through its passes.
    init(_ graph: Graph, parameters: any ParameterSource, host: DeviceHost) throws {
        self.graph = graph
        self.parameters = parameters
        self.host = host
        profiler = GraphProfiler(graph)
        let device = host.device
        do {
            program = try VulkanProgram(graph, parameters: parameters, options: host.options, device: device)
        } catch let error as VulkanError where error.isDeviceLoss {
            program = try VulkanExecutable.program(graph, parameters, host, insteadOf: device)
        }
    }

    func run(_ inputs: [String: Tensor]) throws -> [String: Tensor] {
        do {
            return try runOnce(inputs)
        } catch let error as VulkanError where error.isDeviceLoss {
            // Once: a second loss in a row is the work's or the card's fault, and no third try would end better.
            program = try VulkanExecutable.program(graph, parameters, host, insteadOf: program.device)
            do {
                return try runOnce(inputs)
            } catch let error as VulkanError where error.isDeviceLoss {
                throw VulkanError.deviceLost(name: program.device.name)
            }
        }
    }

    /// The program on the device that takes the place of a lost one.
    ///
    /// - Throws: `VulkanError.deviceLost` if that is lost, too.
    private static func program(
        _ graph: Graph, _ parameters: any ParameterSource, _ host: DeviceHost, insteadOf lost: VulkanDevice
    ) throws -> VulkanProgram {
        let device = try host.replacement(for: lost)
        do {
            return try VulkanProgram(graph, parameters: parameters, options: host.options, device: device)
        } catch let error as VulkanError where error.isDeviceLoss {
            throw VulkanError.deviceLost(name: device.name)
        }
    }

    var profile: [NodeCost] { profiler.costs }

    var isProfiling: Bool {
        get { profiler.isRunning }
        set { profiler.isRunning = newValue }
    }

    private func runOnce(_ inputs: [String: Tensor]) throws -> [String: Tensor] {
        guard profiler.isRunning else { return try program.run(inputs, book: nil) }
        return try program.run(inputs) { node, seconds in self.profiler.book(seconds, on: node) }
    }
}
