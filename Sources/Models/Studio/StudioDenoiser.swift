public import Diffusion
import Graphs
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
    private let critic: StudioCritic?
    private let backend: any Backend
    // For four latent shapes the batches of 1, 2, 4, 8 and 16 rows, of exact windows and of jobs together, and that of a check.
    private var executables = ExecutableCache<BatchShape>(capacity: 24)
    private var knownSizes: [LatentShape: BatchSizes] = [:]

    /// One row of a call.
    public struct Row: Sendable {
        public var subject: FlowQuestion.Subject
        /// In flow coordinates.
        public var state: Latent
        /// In (0, 1].
        public var time: Double
        public var prompt: Conditioning
        /// The guidance scale w, in the range of the manifest; 1 is the prompt without guidance. A critic takes none.
        public var guidance: Double

        /// A row that is asked for its velocity.
        public init(state: Latent, time: Double, prompt: Conditioning, guidance: Double) {
            self.init(
                FlowQuestion(.velocity, state: state, time: time), prompt: prompt, guidance: guidance)
        }

        public init(_ question: FlowQuestion, prompt: Conditioning, guidance: Double) {
            subject = question.subject
            state = question.state
            time = question.time
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

    /// What compiling its graphs, and its critic's, has taken so far.
    public var preparation: Duration { executables.compiling + (critic?.preparation ?? .zero) }

    private struct BatchShape: Hashable {
        let batch: Int
        let latent: LatentShape
    }

    init(_ model: DenoiserModel, _ weights: SafetensorsFile, _ critic: StudioCritic?, _ backend: any Backend) {
        self.model = model
        self.weights = weights
        self.critic = critic
        self.backend = backend
    }

    /// The guided velocities of some rows, computed in one batch.
    ///
    /// Without guidance as input it is classifier-free (arXiv 2207.12598 eq. 6 in Stable Diffusion's form):
    /// v = v_u + w·(v_c − v_u), with the unconditional rows behind the conditional ones; at w = 1 there are none.
    ///
    /// - Parameter unconditional: the conditioning of the empty prompt.
    /// - Throws: `ModelError.unsupportedLatent`, `.timeOutOfRange`, `.guidanceOutOfRange`, or what the backend
    ///   throws.
    /// - Precondition: every row asks for its velocity.
    public func velocities(_ rows: [Row], unconditional: Conditioning) throws -> [Latent] {
        try answers(to: rows, unconditional: unconditional).rows.map {
            guard case .velocity(let velocity) = $0 else { preconditionFailure("a row asks for something else") }
            return velocity
        }
    }

    /// What some rows ask, computed in one batch, and what they ask the critic in another.
    ///
    /// The velocities without guidance, with the prompt and with the empty one, are what classifier-free guidance is made
    /// of; a model with guidance as input has them at the scale 1, where it was trained with empty prompts too.
    ///
    /// - Throws: as `velocities`, and `ModelError.noCritic` if a row asks one that is not there.
    public func answers(to rows: [Row], unconditional: Conditioning) throws -> FlowAnswers {
        guard let shape = rows.first?.state.shape else { return FlowAnswers(rows: [], evaluationCount: 0) }
        for row in rows { try check(row, shape, unconditional) }
        var others = try velocityAnswers(to: rows.filter { !$0.subject.isForCritic }, unconditional)[...]
        return FlowAnswers(
            rows: try withCritic(rows) { others.removeFirst() },
            evaluationCount: rows.reduce(0) { $0 + evaluationCount(of: $1) })
    }

    /// The critic's answers among those of the network, in the order of the rows.
    ///
    /// - Parameter next: the network's answer to the next of its rows.
    func withCritic(_ rows: [Row], _ next: () -> FlowAnswer) throws -> [FlowAnswer] {
        let asked = rows.filter(\.subject.isForCritic)
        guard !asked.isEmpty else { return rows.map { _ in next() } }
        guard let critic else { throw ModelError.noCritic(id: model.id) }
        var answers = try critic.answers(to: asked)[...]
        return rows.map { $0.subject.isForCritic ? answers.removeFirst() : next() }
    }

    /// What rows ask that the network itself answers, in one batch.
    func velocityAnswers(to rows: [Row], _ unconditional: Conditioning) throws -> [FlowAnswer] {
        guard let shape = rows.first?.state.shape else { return [] }
        let paired = rows.indices.filter { rowCount(rows[$0]) == 2 }
        let prompted = rows.map { row in
            var row = row
            if row.subject == .prompt { row.guidance = 1 }
            return row
        }
        let unprompted = paired.map {
            Row(state: rows[$0].state, time: rows[$0].time, prompt: unconditional, guidance: 1)
        }
        let values = try run(prompted + unprompted, shape)

        count.velocities += rows.count
        count.rows += rows.count + paired.count
        count.runs += 1
        func latent(_ row: Int) -> Latent {
            let size = shape.elementCount
            return Latent(shape: shape, values: Array(values[row * size..<(row + 1) * size]))
        }
        var answers = rows.indices.map { FlowAnswer.velocity(latent($0)) }
        for (index, row) in paired.enumerated() {
            let contrast = PromptContrast(prompted: latent(row), unprompted: latent(rows.count + index))
            answers[row] =
                rows[row].subject == .prompt
                ? .prompt(contrast) : .velocity(contrast.guided(by: Float(rows[row].guidance)))
        }
        return answers
    }

    /// What a row costs (`FlowAnswers.evaluationCount`).
    func evaluationCount(of row: Row) -> Int {
        switch row.subject {
        case .velocity: 1
        case .prompt: model.manifest.evaluationsPerPromptQuestion(isGuided: row.guidance != 1)
        case .agreement, .likeness: 0
        }
    }

    /// Rows of the network that one row of a call takes.
    func rowCount(_ row: Row) -> Int {
        switch row.subject {
        case .prompt: 2
        case .velocity: model.manifest.rowsPerVelocity(isGuided: row.guidance != 1)
        case .agreement, .likeness: 0
        }
    }

    func check(_ row: Row, _ shape: LatentShape, _ unconditional: Conditioning) throws(ModelError) {
        try model.check(row.state.shape)
        guard row.state.shape == shape else {
            throw .unsupportedLatent(row.state.shape, reason: "the other rows of the batch are \(shape)")
        }
        guard row.time > 0, row.time <= 1 else { throw .timeOutOfRange(row.time) }
        let architecture = model.manifest.architecture
        try model.manifest.guidance.check(row.guidance)
        if row.subject == .prompt, architecture.hasGuidanceInput { try model.manifest.guidance.check(1) }
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

    /// The sizes of shared batches that the device has room for.
    public func batchSizes(for shape: LatentShape) throws -> BatchSizes {
        if let known = knownSizes[shape] { return known }
        var sizes = BatchSizes.standard
        while sizes.largest > 1, try !backend.holds(graph(BatchShape(batch: sizes.largest, latent: shape))) {
            sizes = sizes.smaller
        }
        knownSizes[shape] = sizes
        return sizes
    }

    private func graph(_ key: BatchShape) throws -> Graph {
        try model.manifest.architecture.graph(
            batch: key.batch, height: key.latent.height, width: key.latent.width)
    }

    private func executable(_ key: BatchShape) throws -> any ExecutableGraph {
        try executables.executable(for: key) { try backend.compile(graph(key), parameters: weights) }
    }
}

extension PromptContrast {
    /// v_u + w·(v_c − v_u).
    fileprivate func guided(by scale: Float) -> Latent {
        Latent(
            shape: prompted.shape,
            values: zip(prompted.values, unprompted.values).map { $1 + scale * ($0 - $1) })
    }
}
