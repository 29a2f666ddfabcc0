import CKernels
public import Graphs

/// Runs graphs on the processor: matrix products by oneDNN or OpenBLAS, everything else by kernels of our own.
///
/// The same inputs give the same bits at every run on one machine with one number of threads. With oneDNN on AVX-512 more
/// is so: a row of a batch of tokens has the same bits in any batch and with any number of threads. Not so are Winograd
/// convolutions and some in bfloat16 (oneDNN chooses their tiles by batch and threads), attention of a single head of one picture
/// (its products may then have the whole team), oneDNN's kernels for AVX2 and those of OpenBLAS, which depend on the rows of a
/// thread's share.
///
/// Graphs of one model that one backend compiles share their packed weights.
///
/// Call an executable graph from one thread that lives long, see `ThreadPolicy`; compiling may happen on another.
public struct CPUBackend: Backend {
    public let library: MatrixLibrary
    public let precision: ProductPrecision
    public let threads: ThreadPolicy
    /// Of all graphs that this backend and its copies compile.
    let weights = PackedWeights()

    public init(
        library: MatrixLibrary = .oneDNN, precision: ProductPrecision = .float32, threads: ThreadPolicy = ThreadPolicy()
    ) {
        self.library = library
        self.precision = precision
        self.threads = threads
    }

    public var name: String {
        let narrow = precision == .float32 ? "" : "\(precision.rawValue) products, "
        return "cpu (\(description.library), \(narrow)\(threads.count) thread\(threads.count == 1 ? "" : "s"))"
    }

    /// The precisions that a library multiplies in on this processor, with instructions for it.
    public static func precisions(of library: MatrixLibrary) -> [ProductPrecision] {
        guard library == .oneDNN else { return [.float32] }
        return ProductPrecision.allCases.filter { precision in
            switch precision {
            case .float32: true
            case .bfloat16: OneDNNProvider.multipliesBFloat16
            case .int8: OneDNNProvider.multipliesBytes
            }
        }
    }

    /// Fuses, plans memory and prepares every node, with the weights packed.
    ///
    /// - Throws: `GraphError` or `ShapeError` for a graph that does not hold together, `ParameterError` for a weight
    ///   that is missing or misshaped, `CPUBackendError` when a library refuses, `PrecisionError` for a precision that the
    ///   processor has no instructions for.
    public func compile(_ graph: Graph, parameters: any ParameterSource) throws -> any ExecutableGraph {
        try prepare(graph, parameters: parameters)
    }

    func prepare(_ graph: Graph, parameters: any ParameterSource) throws -> CPUExecutable {
        guard CPUBackend.precisions(of: library).contains(precision) else {
            throw PrecisionError(precision: precision, library: description.library)
        }
        try graph.validate()
        let builder = try makeBuilder()
        let passes: [any GraphPass] = [DeadCodeElimination(), AttentionSeparation(), FusionPass()]
        let optimised = graph.applying(passes + [builder.provider.narrowing].compactMap(\.self))
        return try CPUExecutable(optimised, parameters: parameters, builder: builder, threads: threads)
    }

    private func makeBuilder() throws(CPUBackendError) -> StepBuilder {
        let team = ck_team(isa: ck_best_isa(), threads: Int32(clamping: threads.count))
        switch library {
        case .oneDNN:
            return StepBuilder(
                provider: try OneDNNProvider(team: team, precision: precision, weights: weights), team: team)
        case .openBLAS: return StepBuilder(provider: OpenBLASProvider(team: team), team: team)
        }
    }
}
