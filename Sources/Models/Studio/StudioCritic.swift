public import Diffusion
import Graphs
import Tensors

/// A compiled critic: noised pictures and prompts in, log odds out. For one thread at a time.
public final class StudioCritic {
    /// Of the verifier that it belongs to.
    private let id: String
    private let network: PictureCritic
    private let weights: SafetensorsFile
    private let backend: any Backend
    private var executables = ExecutableCache<BatchShape>(capacity: 8)

    /// What compiling its graphs has taken so far.
    public var preparation: Duration { executables.compiling }

    private struct BatchShape: Hashable {
        let batch: Int
        let latent: LatentShape
    }

    init(of id: String, _ network: PictureCritic, _ weights: SafetensorsFile, _ backend: any Backend) {
        (self.id, self.network, self.weights, self.backend) = (id, network, weights, backend)
    }

    /// What it says of each picture, in log odds; in batches of a few sizes.
    ///
    /// - Throws: `ModelError.noCritic` if a row asks what it does not know, or what the backend throws.
    /// - Precondition: every row's subject is a critic's, the states have one shape, the denoiser's, and the prompts are encoded
    ///   for it.
    public func answers(to rows: [StudioDenoiser.Row]) throws -> [FlowAnswer] {
        let columns = try rows.map { row in
            guard let column = network.column(of: row.subject) else { throw ModelError.noCritic(id: id) }
            return column
        }
        let odds = try odds(rows)
        return rows.indices.map { row -> FlowAnswer in
            let value = odds[row * network.answers.count + columns[row]]
            switch network.answers[columns[row]] {
            case .prompt: return .agreement(value)
            case .likeness: return .likeness(value)
            }
        }
    }

    /// All answers to each row.
    private func odds(_ rows: [StudioDenoiser.Row]) throws -> [Float] {
        var (odds, rest) = ([Float](), rows[...])
        while let first = rest.first {
            let size = BatchSizes.standard.next(for: rest.count)
            let batch = Array(rest.prefix(size))
            rest = rest.dropFirst(size)
            // What is left empty is filled up with a row that nobody reads.
            let filled = batch + Array(repeating: first, count: size - batch.count)
            odds += try run(filled).prefix(batch.count * network.answers.count)
        }
        return odds
    }

    private func run(_ rows: [StudioDenoiser.Row]) throws -> [Float] {
        let trunk = network.trunk
        let states = rows.map { $0.state.extended(toMultipleOf: trunk.patchSize) }
        guard let shape = states.first?.shape else { return [] }
        let executable = try executables.executable(for: BatchShape(batch: rows.count, latent: shape)) {
            try backend.compile(
                network.graph(batch: rows.count, height: shape.height, width: shape.width), parameters: weights)
        }
        return try executable.run([
            "latent": Tensor([rows.count, shape.height, shape.width, shape.channelCount], states.flatMap(\.values)),
            "time": Tensor([rows.count], rows.map { Float($0.time) }),
            "tokens": Tensor([rows.count, trunk.textTokenCount, trunk.textWidth], rows.flatMap(\.prompt.tokens)),
            "pooled": Tensor([rows.count, trunk.textWidth], rows.flatMap(\.prompt.pooled)),
        ]).floats("odds", count: rows.count * network.answers.count, backend: backend.name)
    }
}

extension PictureCritic {
    /// Where its output holds what is asked; nil if it does not know.
    fileprivate func column(of subject: FlowQuestion.Subject) -> Int? {
        answers.firstIndex(of: subject == .likeness ? .likeness : .prompt)
    }
}

extension Latent {
    /// With its last row and column repeated until both sides are multiples: a critic's patches may be larger than a
    /// denoiser's.
    fileprivate func extended(toMultipleOf patchSize: Int) -> Latent {
        func whole(_ extent: Int) -> Int { (extent + patchSize - 1) / patchSize * patchSize }
        let (rows, columns, channels) = (whole(shape.height), whole(shape.width), shape.channelCount)
        guard rows != shape.height || columns != shape.width else { return self }
        var extended: [Float] = []
        extended.reserveCapacity(rows * columns * channels)
        for y in 0..<rows {
            for x in 0..<columns {
                let start = (min(y, shape.height - 1) * shape.width + min(x, shape.width - 1)) * channels
                extended += values[start..<start + channels]
            }
        }
        return Latent(
            shape: LatentShape(height: rows, width: columns, channelCount: channels), values: extended)
    }
}
