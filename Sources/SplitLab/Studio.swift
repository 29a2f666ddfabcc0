import Diffusion
import EdgeRuntime
import Graphs
import LatentCoding
import Models
import Pictures
import Speculation

/// The models of a pair, for many pictures at a time. For one thread at a time.
final class Studio {
    let models: ModelPair
    /// Who takes which steps.
    let handoff: HandoffPlan
    let guidance: Double
    let shape: LatentShape
    let verifier: StudioDenoiser
    let text: StudioText
    private let decoder: StudioDecoder
    private let draft: StudioDenoiser
    private let codec: LatentCodec

    /// Pictures that share a batch; guidance doubles the network's rows.
    static let batch = 8

    /// - Parameters:
    ///   - stepCounts: nil are the models' own.
    ///   - handoff: the draft's share of the steps.
    /// - Throws: `LabError.invalidPlan` where one side has no step.
    init(
        models: ModelPair, backend: any Backend, stepCounts: StepCounts?, handoff: Double
    ) throws {
        self.models = models
        codec = models.shared.handoffCodec
        let manifest = models.verifier.manifest
        let counts = stepCounts ?? models.stepCounts
        self.handoff = try HandoffPlan(
            schedule: models.draft.manifest.schedule.times(stepCount: counts.draft),
            verifierStepCount: counts.verifier, fraction: handoff)
        guard !self.handoff.isVerifierAlone, !self.handoff.isDraftAlone else {
            throw LabError.invalidPlan("a hand-off of \(handoff) leaves one side no step")
        }
        guidance = manifest.guidance.default
        guard let size = manifest.sizes.first else {
            throw LabError.notMeasurable("\(models.verifier.folder.manifestPath) lists no picture size")
        }
        shape = try models.verifier.latentShape(for: size)
        verifier = try models.verifier.denoiser(on: backend)
        draft = try models.draft.denoiser(on: backend)
        text = try models.shared.text(on: backend)
        decoder = models.shared.decoder(on: backend)
    }

    func noise(seed: UInt64) -> Latent { NoiseGenerator(seed: seed).latent(shape, stream: 0) }

    func conditioning(_ prompt: String) throws -> Conditioning { try text.encode(prompt).conditioning }

    /// Takes steps of the draft for a batch, of its schedule: those before the hand-off.
    ///
    /// - Returns: the states after the last step.
    func drafted(
        _ steps: Range<Int>? = nil, from states: [Latent], _ prompts: [Conditioning], guidance: Double? = nil
    ) throws -> [Latent] {
        try draft.walk(
            steps ?? handoff.draftSteps, of: handoff.schedule, from: states, prompts,
            unconditional: text.unconditional(), guidance: guidance ?? self.guidance)
    }

    /// Takes steps of the verifier for a batch.
    ///
    /// - Returns: the states after the last step.
    func refined(
        _ steps: Range<Int>, of schedule: FlowSchedule, from states: [Latent], _ prompts: [Conditioning]
    ) throws -> [Latent] {
        try verifier.walk(
            steps, of: schedule, from: states, prompts, unconditional: text.unconditional(), guidance: guidance)
    }

    /// s of states at a time; nil is the hand-off's.
    func estimates(_ states: [Latent], noise: [Latent], time: Double? = nil) throws -> [Latent] {
        try zip(states, noise).map {
            try SeedResidual.estimate(state: $0, noise: $1, time: time ?? handoff.handoffTime)
        }
    }

    /// The picture of a finished latent.
    func picture(_ latent: Latent) throws -> Picture {
        let decoded = try decoder.decode(latent)
        return Picture(width: decoded.width, height: decoded.height, decoded: decoded.values)
    }

    /// What the verifier gets of an estimate that travelled.
    func sent(_ estimate: Latent) throws -> Latent {
        try LatentCodec.decode(codec.encode(estimate), expecting: shape)
    }

    /// One reading of a picture at a time.
    struct Reading {
        let statistic: CheckStatistic
        let estimate: Latent
        let question: FlowQuestion
        let prompt: Conditioning

        init(statistic: CheckStatistic, estimate: Latent, noise: Latent, time: Double, prompt: Conditioning) {
            self.statistic = statistic
            self.estimate = estimate
            self.question = FlowQuestion(statistic.subject, picture: estimate, noise: noise, time: time)
            self.prompt = prompt
        }

        func value(of answer: FlowAnswer) -> Double {
            Double(statistic.value(estimate: estimate, question: question, answer: answer))
        }
    }

    /// The verifier's answers, in batches.
    func answers(to readings: [Reading]) throws -> [FlowAnswer] {
        let unconditional = try text.unconditional()
        var answers: [FlowAnswer] = []
        for start in stride(from: 0, to: readings.count, by: Studio.batch) {
            let part = readings[start..<min(readings.count, start + Studio.batch)]
            let rows = part.map { StudioDenoiser.Row($0.question, prompt: $0.prompt, guidance: guidance) }
            answers += try verifier.answers(to: rows, unconditional: unconditional).rows
        }
        return answers
    }
}

extension Latent {
    /// With normal noise of an RMS added; the seed chooses it.
    func noised(by amplitude: Double, seed: UInt64) -> Latent {
        var result = self
        let noise = NoiseGenerator(seed: seed).latent(shape, stream: 1 << 20)
        for i in result.values.indices { result.values[i] += Float(amplitude) * noise.values[i] }
        return result
    }

    /// The scene's contrast: the root of the mean square of the elements less their channel's mean.
    var contrast: Double {
        let count = shape.channelCount
        let pixels = Double(values.count / count)
        var squares = 0.0
        for channel in 0..<count {
            let elements = stride(from: channel, to: values.count, by: count).map { Double(values[$0]) }
            let mean = elements.reduce(0, +) / pixels
            squares += elements.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        }
        return (squares / Double(values.count)).squareRoot()
    }
}
