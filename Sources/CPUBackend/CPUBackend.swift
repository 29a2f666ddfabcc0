import CKernels
public import Graphs

/// Runs graphs on the processor: matrix products by oneDNN or OpenBLAS, everything else by kernels of our own.
///
/// The same inputs give the same bits at every run on one machine with one number of threads. With oneDNN more is
/// so: a row of a batch of tokens has the same bits in any batch and with any number of threads. Only Winograd
/// convolutions are not so (oneDNN chooses their tiles by batch and threads), and OpenBLAS, which has other kernels for
/// small matrices and, on some processors, for the last rows of a thread's share.
///
/// Call an executable graph from one thread that lives long, see `ThreadPolicy`; compiling may happen on another.
public struct CPUBackend: Backend {
    public let library: MatrixLibrary
    public let threads: ThreadPolicy

    public init(library: MatrixLibrary = .oneDNN, threads: ThreadPolicy = ThreadPolicy()) {
        self.library = library
        self.threads = threads
    }

    public var name: String {
        "cpu (\(description.library), \(threads.count) thread\(threads.count == 1 ? "" : "s"))"
    }

    /// Fuses, plans memory and prepares every node, with the weights packed.
    ///
    /// - Throws: `GraphError` or `ShapeError` for a graph that does not hold together, `ParameterError` for a weight
    ///   that is missing or misshaped, `CPUBackendError` when a library refuses.
    public func compile(_ graph: Graph, parameters: any ParameterSource) throws -> any ExecutableGraph {
        try prepare(graph, parameters: parameters)
    }

    func prepare(_ graph: Graph, parameters: any ParameterSource) throws -> CPUExecutable {
        try graph.validate()
        let optimised = graph.applying([DeadCodeElimination(), AttentionSeparation(), FusionPass()])
        return try CPUExecutable(
            optimised, parameters: parameters, builder: try makeBuilder(), threads: threads)
    }

    private func makeBuilder() throws(CPUBackendError) -> StepBuilder {
        let team = ck_team(isa: ck_best_isa(), threads: Int32(clamping: threads.count))
        switch library {
        case .oneDNN: return StepBuilder(provider: try OneDNNProvider(team: team), team: team)
        case .openBLAS: return StepBuilder(provider: OpenBLASProvider(team: team), team: team)
        }
    }
}
