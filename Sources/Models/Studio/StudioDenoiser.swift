public import Diffusion
public import Graphs
import Tensors

/// A compiled draft or verifier: rows of latents in, velocities out. For one thread at a time.
///
/// Rows of one call share the latent's shape and nothing else: times, prompts and guidance scales are each row's
/// own, so that requests at different steps can share a batch.
public final class StudioDenoiser {
    public let model: DenoiserModel
    /// What has been computed since the denoiser was made.
    public private(set) var count = EvaluationCount()
    private let weights: SafetensorsFile
    private let backend: any Backend
    // The batches of exact windows: 1, 2, 4, 8, 16, and one more.
    private var executables = ExecutableCache<BatchShape>(capacity: 6)

    /// One row of a call.
    public struct Row: Sendable {
        /// In flow coordinates.
        public var state: Latent
        /// In (0, 1].
        public var time: Double
        public var prompt: Conditioning
        /// The guidance scale w, in the range of the manifest; 1 is the prompt without guidance.
        public var guidance: Double

        public init(state: Latent, time: Double, prompt: Conditioning, guidance: Double) {
            self.state = state
            self.time = time
            self.prompt = prompt
            self.guidance = guidance
        }
    }

    /// How much work was done.
    public struct EvaluationCount: Hashable, Sendable {
        /// Guided velocities.
        public var velocities: Int
        /// Rows that went through the network; a guided velocity of a model without guidance input takes two.
        public var rows: Int
        /// Runs of the network, of any batch.
        public var runs: Int

        public init(velocities: Int = 0, rows: Int = 0, runs: Int = 0) {
            self.velocities = velocities
            self.rows = rows
            self.runs = runs
        }
    }

    private struct BatchShape: Hashable {
        let batch: Int
        let latent: LatentShape
    }

    init(_ model: DenoiserModel, _ weights: SafetensorsFile, _ backend: any Backend) {
        self.model = model
        self.weights = weights
        self.backend = backend
    }

    /// Compiles the graph for a number of rows ahead of their first use.
    ///
    /// - Parameter isGuided: whether the rows will have a guidance scale other than 1.
    /// - Throws: `ModelError.unsupportedLatent`, or what the backend throws.
    public func prepare(_ shape: LatentShape, rows: Int, isGuided: Bool) throws {
        try model.check(shape)
        let needsPairs = isGuided && !model.manifest.architecture.hasGuidanceInput
        _ = try executable(BatchShape(batch: needsPairs ? 2 * rows : rows, latent: shape))
    }

    /// The guided velocities of some rows, computed in one batch.
    ///
    /// Without guidance as input it is classifier-free (arXiv 2207.12598 eq. 6 in Stable Diffusion's form):
    /// v = v_u + w·(v_c − v_u), with the unconditional rows behind the conditional ones; at w = 1 there are none.
    ///
    /// - Parameter unconditional: the conditioning of the empty prompt.
    /// - Throws: `ModelError.unsupportedLatent`, `.timeOutOfRange`, `.guidanceOutOfRange`, or what the backend
    ///   throws.
    public func velocities(_ rows: [Row], unconditional: Conditioning) throws -> [Latent] {
        try evaluate(rows, unconditional) { $0.guidance != 1 }.map(\.velocity)
    }

    /// `velocities` with those of the prompt and of the empty one, which guidance needs anyway.
    ///
    /// A model with guidance as input does not tell them: it was not trained to be asked without a prompt.
    ///
    /// - Throws: as `velocities`.
    public func promptedVelocities(_ rows: [Row], unconditional: Conditioning) throws -> [PromptedVelocity] {
        try evaluate(rows, unconditional) { _ in true }
    }

    /// - Parameter isPaired: whether a row needs an unconditional one beside it.
    private func evaluate(
        _ rows: [Row], _ unconditional: Conditioning, isPaired: (Row) -> Bool
    ) throws -> [PromptedVelocity] {
        guard let shape = rows.first?.state.shape else { return [] }
        for row in rows { try check(row, shape, unconditional) }
        let hasGuidanceInput = model.manifest.architecture.hasGuidanceInput
        let paired = hasGuidanceInput ? [] : rows.indices.filter { isPaired(rows[$0]) }
        let batch =
            rows
            + paired.map {
                Row(state: rows[$0].state, time: rows[$0].time, prompt: unconditional, guidance: 1)
            }
        let values = try run(batch, shape)

        count.velocities += rows.count
        count.rows += batch.count
        count.runs += 1
        let size = shape.elementCount
        var velocities = rows.indices.map { Array(values[$0 * size..<($0 + 1) * size]) }
        var contrasts = [PromptedVelocity.Contrast?](repeating: nil, count: rows.count)
        for (index, row) in paired.enumerated() {
            let scale = Float(rows[row].guidance)
            let base = (rows.count + index) * size
            contrasts[row] = PromptedVelocity.Contrast(
                prompted: Latent(shape: shape, values: velocities[row]),
                unprompted: Latent(shape: shape, values: Array(values[base..<base + size])))
            // At w = 1 the formula rounds, and the conditional velocity is the answer as it is.
            guard scale != 1 else { continue }
            for element in 0..<size {
                let withoutPrompt = values[base + element]
                velocities[row][element] =
                    withoutPrompt + scale * (velocities[row][element] - withoutPrompt)
            }
        }
        return zip(velocities, contrasts).map {
            PromptedVelocity(velocity: Latent(shape: shape, values: $0), contrast: $1)
        }
    }

    /// What each node of the graphs now compiled has cost since profiling was switched on.
    public var profile: [NodeCost] { executables.profile }

    /// Whether runs are timed node by node; changes the graphs compiled already and those to come.
    public var isProfiling = false {
        didSet { executables.setProfiling(isProfiling) }
    }

    private func check(_ row: Row, _ shape: LatentShape, _ unconditional: Conditioning) throws(ModelError) {
        try model.check(row.state.shape)
        guard row.state.shape == shape else {
            throw .unsupportedLatent(row.state.shape, reason: "the other rows of the batch are \(shape)")
        }
        guard row.time > 0, row.time <= 1 else { throw .timeOutOfRange(row.time) }
        try model.manifest.guidance.check(row.guidance)
        let architecture = model.manifest.architecture
        for conditioning in [row.prompt, unconditional] {
            guard conditioning.width == architecture.textWidth,
                conditioning.tokenCount == architecture.textTokenCount
            else {
                throw .incompatiblePair(
                    first: model.id, second: "text encoder", reason: "the prompt was encoded for another model")
            }
        }
    }

    private func run(_ rows: [Row], _ shape: LatentShape) throws -> [Float] {
        let executable = try executable(BatchShape(batch: rows.count, latent: shape))
        let architecture = model.manifest.architecture
        var inputs = [
            "latent": Tensor(
                [rows.count, shape.height, shape.width, shape.channelCount], rows.flatMap(\.state.values)),
            "time": Tensor([rows.count], rows.map { Float($0.time) }),
            "tokens": Tensor(
                [rows.count, architecture.textTokenCount, architecture.textWidth],
                rows.flatMap(\.prompt.tokens)),
            "pooled": Tensor([rows.count, architecture.textWidth], rows.flatMap(\.prompt.pooled)),
        ]
        if architecture.hasGuidanceInput {
            inputs["guidance"] = Tensor([rows.count], rows.map { Float($0.guidance) })
        }
        return try executable.run(inputs)
            .floats("velocity", count: rows.count * shape.elementCount, backend: backend.name)
    }

    private func executable(_ key: BatchShape) throws -> any ExecutableGraph {
        try executables.executable(for: key) {
            let graph = try model.manifest.architecture.graph(
                batch: key.batch, height: key.latent.height, width: key.latent.width)
            let executable = try backend.compile(graph, parameters: weights)
            executable.isProfiling = isProfiling
            return executable
        }
    }
}
