import Graphs
import Synchronization
import Tensors

/// A graph as it is measured on a device: the same inputs each time.
final class TuningMeasurement: Sendable {
    let host: DeviceHost
    private let graph: Graph
    private let parameters: any ParameterSource
    private let runCount: Int
    /// By node.
    private let problems: [TuningProblem?]
    private let inputs: [String: Tensor]
    /// The weights of the latest program: the next one has the same, and need not upload them again.
    private let weights = Mutex<WeightSet?>(nil)

    /// What the nodes of each problem take together in a run, and the graph's results.
    struct Outcome {
        let seconds: [TuningProblem: Double]
        let results: [String: Tensor]
    }

    /// - Parameters:
    ///   - graph: valid, through its passes.
    ///   - runCount: of which the fastest counts, node by node.
    init(_ graph: Graph, _ parameters: any ParameterSource, _ host: DeviceHost, runCount: Int) {
        (self.graph, self.parameters, self.host, self.runCount) = (graph, parameters, host, runCount)
        problems = graph.nodes.map { TuningProblem($0, in: graph) }
        inputs = TuningMeasurement.inputs(of: graph)
    }

    /// Numbers between −√3 and √3, the same each time; zero where they name rows of a table.
    private static func inputs(of graph: Graph) -> [String: Tensor] {
        var word: UInt32 = 1
        func next() -> Float {
            word = word &* 1_664_525 &+ 1_013_904_223  // Numerical Recipes' generator
            return (Float(word >> 8) / Float(1 << 23) - 1) * 1.732_050_8
        }
        return Dictionary(
            uniqueKeysWithValues: graph.inputs.map { input in
                let (shape, type) = (graph[input.value].shape, graph[input.value].elementType)
                let tensor =
                    type == .int32
                    ? Tensor(shape, [Int32](repeating: 0, count: shape.elementCount))
                    : Tensor(shape, rounding: (0..<shape.elementCount).map { _ in next() }, to: type)
                return (input.name, tensor)
            })
    }

    /// Lets go of what lies on the device, for one that is lost.
    func release() { weights.withLock { $0 = nil } }

    private func program(of tuning: Tuning) throws -> VulkanProgram {
        let program = try VulkanProgram(
            graph, parameters: parameters, options: host.options, tuning: tuning, device: host.device,
            savesPipelines: false)
        weights.withLock { $0 = program.table.parameters }
        return program
    }

    /// Seconds of the fastest of some runs as programs run the graph: there nodes overlap that do not wait for each other, and
    /// what is faster by itself may not be so beside others.
    ///
    /// - Throws: as `VulkanProgram`.
    func seconds(of tuning: Tuning) throws -> Double {
        let (program, clock) = (try program(of: tuning), ContinuousClock())
        _ = try program.run(inputs, book: nil)
        var fastest = Duration.seconds(Int64.max)
        for _ in 0..<runCount {
            fastest = min(fastest, try clock.measure { _ = try program.run(inputs, book: nil) })
        }
        return fastest / .seconds(1)
    }

    /// Computes the graph some times, every node timed.
    ///
    /// - Parameter limit: seconds that a run of all problems may take, or it is the last.
    /// - Throws: as `VulkanProgram`; `VulkanError.unsuitableDevice` if the device has no timestamps.
    func outcome(of tuning: Tuning, limit: Double = .infinity) throws -> Outcome {
        let program = try program(of: tuning)
        var fastest = [Double](repeating: .infinity, count: graph.nodes.count)
        // The first run is not counted: drivers do some of their work then.
        var results = try program.run(inputs) { _, _ in }
        for _ in 0..<runCount {
            var whole = 0.0
            results = try program.run(inputs) { node, seconds in
                fastest[node] = min(fastest[node], seconds)
                if self.problems[node] != nil { whole += seconds }
            }
            if whole > limit { break }
        }
        var sums: [TuningProblem: Double] = [:]
        for (node, problem) in problems.enumerated() {
            if let problem, fastest[node].isFinite { sums[problem, default: 0] += fastest[node] }
        }
        return Outcome(seconds: sums, results: results)
    }
}
