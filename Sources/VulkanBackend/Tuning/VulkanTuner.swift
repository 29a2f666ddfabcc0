public import Graphs
import Synchronization
import Tensors

/// A backend that measures, before it compiles a graph, which way of computing each of its products and attentions is fastest on
/// the device, and keeps that for the programs that come after.
///
/// Ways add in different orders: results differ in their last bits from those of before.
public final class VulkanTuner: Backend {
    /// What a graph gained.
    public struct Report: Hashable, Sendable, Encodable, CustomStringConvertible {
        /// Its first result and input, for example `velocity of latent [16, 16, 16, 16]`.
        public let graph: String
        /// Products and attentions of different sizes, and how many of them are computed another way from now on.
        public let problemCount: Int
        public let changedCount: Int
        /// Of all of these nodes in a run, before and after.
        public let secondsBefore: Double
        public let secondsAfter: Double

        public var description: String {
            func milliseconds(_ seconds: Double) -> String {
                let microseconds = Int((seconds * 1e6).rounded())
                return "\(microseconds / 1000).\(String(microseconds % 1000 + 1000).dropFirst()) ms"
            }
            return "\(graph): \(changedCount) of \(problemCount) products and attentions another way, "
                + "\(milliseconds(secondsBefore)) → \(milliseconds(secondsAfter))"
        }
    }

    private let backend: VulkanBackend
    private let host: DeviceHost
    private let runCount: Int
    private let onProgress: @Sendable (String) -> Void
    private let state = Mutex(State())

    private struct State {
        var known: Set<Problem> = []
        var reports: [Report] = []
    }

    private enum Problem: Hashable, Sendable {
        case product(ProductProblem)
        case attention(AttentionProblem)
    }

    /// Another way must take so much of the time of the usual one at most, or the next measurement may say the opposite.
    private static let gain = 0.97

    /// - Parameters:
    ///   - runCount: of each way; the fastest counts.
    ///   - onProgress: takes a line for each way that is being measured.
    init(
        _ backend: VulkanBackend, _ host: DeviceHost, runCount: Int, onProgress: @escaping @Sendable (String) -> Void
    ) {
        (self.backend, self.host, self.runCount, self.onProgress) = (backend, host, runCount, onProgress)
    }

    public var name: String { backend.name }
    public func holds(_ graph: Graph) -> Bool { backend.holds(graph) }
    /// Of the graphs compiled so far that had anything new.
    public var reports: [Report] { state.withLock { $0.reports } }

    /// Measures what the graph has that was not measured yet, and compiles it.
    ///
    /// - Throws: as that of the backend; `VulkanError.unsuitableDevice` if the device has no timestamps.
    public func compile(_ graph: Graph, parameters: any ParameterSource) throws -> any ExecutableGraph {
        try graph.validate()
        try tune(VulkanBackend.optimised(graph), parameters)
        return try backend.compile(graph, parameters: parameters)
    }

    private func tune(_ graph: Graph, _ parameters: any ParameterSource) throws {
        let problems = graph.nodes.map { VulkanTuner.problem(of: $0, in: graph) }
        let known = state.withLock { $0.known }
        guard problems.contains(where: { $0.map { !known.contains($0) } ?? false }) else { return }
        let inputs = Dictionary(
            uniqueKeysWithValues: graph.inputs.map { ($0.name, VulkanTuner.zeros(graph[$0.value])) })
        let input = graph.inputs.first.map { "\($0.name) \(graph[$0.value].shape)" } ?? "nothing"
        let label = "\(graph.outputs.first?.name ?? "nothing") of \(input)"

        onProgress("\(label): as it is")
        let usual = try seconds(graph, parameters, inputs, host.options, problems)
        var best = usual.mapValues { (seconds: $0, way: KernelWay?.none) }
        for way in KernelWay.all(host.options, host.device.features) {
            onProgress("\(label): \(way.name)")
            let options = way.applied(to: host.options)
            guard let measured = try? seconds(graph, parameters, inputs, options, problems) else { continue }
            for (problem, seconds) in measured where seconds < best[problem]?.seconds ?? 0 {
                best[problem] = (seconds, way)
            }
        }
        if host.device.isLost { throw VulkanError.deviceLost(name: host.device.name) }

        var (tuning, changed, after) = (host.tuning, 0, 0.0)
        for (problem, found) in best {
            let before = usual[problem] ?? 0
            switch problem {
            case .product(let problem): tuning.products[problem] = nil
            case .attention(let problem): tuning.attention[problem] = nil
            }
            guard let way = found.way, found.seconds < VulkanTuner.gain * before else {
                after += before
                continue
            }
            switch (problem, way) {
            case (.product(let problem), _): tuning.products[problem] = way
            case (.attention(let problem), .units(let staging, _)): tuning.attention[problem] = staging
            case (.attention, _):
                // Without matrix units: there is no choosing of that for attention alone.
                after += before
                continue
            }
            changed += 1
            after += found.seconds
        }
        host.tuning = tuning
        state.withLock { state in
            state.known.formUnion(problems.compactMap { $0 })
            state.reports.append(
                Report(
                    graph: label, problemCount: usual.count, changedCount: changed,
                    secondsBefore: usual.values.reduce(0, +), secondsAfter: after))
        }
    }

    private static func zeros(_ info: ValueInfo) -> Tensor {
        let storage = OwnedStorage(byteCount: info.byteCount) { bytes in
            for index in bytes.indices { bytes[index] = 0 }
        }
        return Tensor(shape: info.shape, elementType: info.elementType, storage: storage)
    }

    private static func problem(of node: Node, in graph: Graph) -> Problem? {
        ProductProblem(node, in: graph).map { .product($0) } ?? AttentionProblem(node, in: graph).map { .attention($0) }
    }

    /// What all nodes of a problem take together in the fastest of some runs.
    private func seconds(
        _ graph: Graph, _ parameters: any ParameterSource, _ inputs: [String: Tensor], _ options: VulkanOptions,
        _ problems: [Problem?]
    ) throws -> [Problem: Double] {
        let program = try VulkanProgram(graph, parameters: parameters, options: options, device: host.device)
        var fastest = [Double](repeating: .infinity, count: graph.nodes.count)
        // The first run is not counted: drivers do some of their work then.
        for run in 0...runCount {
            _ = try program.run(inputs) { node, seconds in
                if run > 0 { fastest[node] = min(fastest[node], seconds) }
            }
        }
        var sums: [Problem: Double] = [:]
        for (node, problem) in problems.enumerated() {
            if let problem, fastest[node].isFinite { sums[problem, default: 0] += fastest[node] }
        }
        return sums
    }
}
