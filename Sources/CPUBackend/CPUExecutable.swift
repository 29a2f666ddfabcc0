import Graphs
import Tensors

/// A graph as a list of prepared steps over one arena.
final class CPUExecutable: ExecutableGraph {
    private struct Entry {
        let node: Int
        var step: any KernelStep
    }

    private let graph: Graph
    private let threads: ThreadPolicy
    private let operands: OperandTable
    private var entries: [Entry] = []
    /// What steps use while they run; one after the other, so one space serves all.
    private let scratch: AlignedMemory
    private let provider: any MatrixProvider
    private var profiler: GraphProfiler

    /// Prepares every node of a graph that has been through its passes.
    init(
        _ graph: Graph, parameters: any ParameterSource, builder: StepBuilder, threads: ThreadPolicy
    ) throws {
        threads.apply()
        let views = ValueViews(graph)
        let operands = OperandTable(
            graph, views: views, parameters: try graph.parameterTensors(from: parameters))
        for (index, node) in graph.nodes.enumerated() where !views.isView(node) {
            do throws(CPUBackendError) {
                let step = try builder.step(for: node, operands.inputs(of: node), operands.operand(node.output))
                entries.append(Entry(node: index, step: step))
            } catch {
                throw error.at(node.name)
            }
        }
        scratch = AlignedMemory(byteCount: entries.map(\.step.scratchByteCount).max() ?? 0)
        for index in entries.indices { try entries[index].step.bind(scratch: scratch.base) }
        self.graph = graph
        self.threads = threads
        self.operands = operands
        provider = builder.provider
        profiler = GraphProfiler(graph)
    }

    func run(_ inputs: [String: Tensor]) throws -> [String: Tensor] {
        for (value, tensor) in try graph.inputTensors(from: inputs) {
            let target = operands.operand(value)
            tensor.withBytes { source in
                UnsafeMutableRawBufferPointer(start: target.base, count: source.count).copyMemory(from: source)
            }
        }
        threads.apply()
        for entry in entries {
            try profiler.measure(entry.node) { try entry.step.run() }
        }
        var outputs: [String: Tensor] = [:]
        for output in graph.outputs {
            let source = operands.operand(output.value)
            let storage = OwnedStorage(byteCount: source.info.byteCount) { target in
                target.copyMemory(from: UnsafeRawBufferPointer(start: source.base, count: target.count))
            }
            outputs[output.name] = Tensor(
                shape: source.shape, elementType: source.info.elementType, storage: storage)
        }
        return outputs
    }

    var profile: [NodeCost] { profiler.costs }

    var isProfiling: Bool {
        get { profiler.isRunning }
        set { profiler.isRunning = newValue }
    }

    /// The kernel of each node that has work to do, for reports.
    var implementations: [(node: String, kernel: String)] {
        entries.map { (graph.nodes[$0.node].name, $0.step.implementation) }
    }
}
