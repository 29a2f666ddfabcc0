public import Graphs
import Synchronization

/// A backend that measures, before it compiles a graph, which way of computing each of its products and attentions is fastest on
/// the device, and keeps that for the programs that come after.
///
/// A way whose results are others is refused. Those that are taken add in different orders: results differ in their last bits from
/// those of before.
public final class VulkanTuner: Backend {
    /// What a graph gained.
    public struct Report: Hashable, Sendable, Encodable, CustomStringConvertible {
        /// Its first result and input, for example `velocity of latent [16, 16, 16, 16]`.
        public let graph: String
        /// Products and attentions of different sizes, and how many of them are computed another way from now on.
        public let problemCount: Int
        public let changedCount: Int
        /// Of a run of the graph before and after, as programs run it, measured side by side in the end.
        public let secondsBefore: Double
        public let secondsAfter: Double
        /// Ways that failed or computed something else, each with the reason.
        public let refused: [String]

        public var description: String {
            func milliseconds(_ seconds: Double) -> String {
                let microseconds = Int((seconds * 1e6).rounded())
                return "\(microseconds / 1000).\(String(microseconds % 1000 + 1000).dropFirst()) ms"
            }
            return
                ([
                    "\(graph): \(changedCount) of \(problemCount) products and attentions another way, "
                        + "\(milliseconds(secondsBefore)) → \(milliseconds(secondsAfter))"
                ] + refused.map { "  not used: \($0)" }).joined(separator: "\n")
        }
    }

    /// In how many parts the depth of products is cut.
    private static let parts = [1, 2, 3, 4, 6, 8]

    private let backend: VulkanBackend
    private let host: DeviceHost
    private let runCount: Int
    private let excluded: [String]
    private let onProgress: @Sendable (String) -> Void
    private let state = Mutex(State())
    /// Held while something is measured: one at a time, or none of it means anything.
    private let turn = Mutex(())

    private struct State {
        var known: Set<TuningProblem> = []
        var reports: [Report] = []
    }

    /// - Parameters:
    ///   - runCount: of each way; the fastest counts.
    ///   - again: whether to measure also what was measured before on this device.
    ///   - excluded: parts of names of ways.
    ///   - onProgress: takes a line for each way that is being measured.
    init(
        _ backend: VulkanBackend, _ host: DeviceHost, runCount: Int, again: Bool, excluding excluded: [String],
        onProgress: @escaping @Sendable (String) -> Void
    ) {
        (self.backend, self.host, self.runCount, self.onProgress) = (backend, host, max(1, runCount), onProgress)
        self.excluded = excluded
        if !again { state.withLock { $0.known = host.tuning.measured } }
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
        try turn.withLock { _ in try tune(VulkanBackend.optimised(graph), parameters) }
        return try backend.compile(graph, parameters: parameters)
    }

    private func tune(_ graph: Graph, _ parameters: any ParameterSource) throws {
        let problems = Set(graph.nodes.compactMap { TuningProblem($0, in: graph) })
        guard !state.withLock({ $0.known.isSuperset(of: problems) }) else { return }
        let input = graph.inputs.first.map { "\($0.name) \(graph[$0.value].shape)" } ?? "nothing"
        let label = "\(graph.outputs.first?.name ?? "nothing") of \(input)"

        onProgress("\(label): as it is")
        var run = try TuningRun(TuningMeasurement(graph, parameters, host, runCount: runCount))
        func isWanted(_ name: String) -> Bool { !excluded.contains(where: name.contains) }
        for way in KernelWay.all(host.options, host.device.features) where isWanted(way.name) {
            onProgress("\(label): \(way.name)")
            try run.measure(way)
        }
        let hasUnits = MatrixUnit.chosen(host.options, host.device.features) != nil
        for way in hasUnits ? CooperativeAttentionTile.Way.all : [] where isWanted(way.name) {
            onProgress("\(label): \(way.name)")
            try run.measure(way)
        }
        for parts in VulkanTuner.parts where isWanted(TuningRun.name(parts: parts)) {
            onProgress("\(label): \(TuningRun.name(parts: parts))")
            try run.measure(parts: parts)
        }
        let (found, before, after) = try run.confirmed {
            onProgress("\(label): what was found beside what it was")
        }
        var tuning = host.tuning
        tuning.settle(problems, by: found)
        host.tuning = tuning
        let report = Report(
            graph: label, problemCount: problems.count, changedCount: found.count, secondsBefore: before,
            secondsAfter: after, refused: run.refused)
        state.withLock { state in
            state.known.formUnion(problems)
            state.reports.append(report)
        }
        onProgress("")
    }
}
