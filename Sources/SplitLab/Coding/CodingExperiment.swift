import Diffusion
public import Foundation
public import Graphs
import LatentCoding
public import Models
import Pictures
import Speculation

/// Measures codings of the latent on real hand-offs: bytes against the final picture (ALGORITHMS.md §3).
public struct CodingExperiment {
    public struct Options: Sendable {
        /// How many of `prompts` are compared as pictures; all of them are coded.
        public var pictureCount: Int
        public var handoffFraction: Double
        /// Keeps hand-offs and reference pictures from one run to the next.
        public var cache: URL?
        /// Only rows with this in their group or name.
        public var filter: String?

        public init(pictureCount: Int, handoffFraction: Double = 0.8, cache: URL? = nil, filter: String? = nil) {
            self.pictureCount = pictureCount
            self.handoffFraction = handoffFraction
            self.cache = cache
            self.filter = filter
        }
    }

    private static let fewestForDictionary = 32

    private let studio: Studio
    private let samples: [HandoffSample]
    private let deviations: [Float]
    private let options: Options
    private let pictureCount: Int
    private let progress: (String) -> Void

    /// Drafts the hand-offs, or takes them from the cache.
    ///
    /// - Throws: `CodingLabError`, and what the models and the backend throw.
    public init(
        models: ModelPair, backend: any Backend, prompts: [StandardPrompt], options: Options,
        progress: @escaping (String) -> Void
    ) throws {
        studio = try Studio(models: models, backend: backend, stepCounts: nil, handoff: options.handoffFraction)
        deviations = models.shared.manifest.latent.standardDeviation
        self.options = options
        self.progress = progress
        pictureCount = min(options.pictureCount, prompts.count)
        if let cache = options.cache,
            let kept = try HandoffCache.samples(
                in: cache, of: studio, prompts: prompts, pictureCount: pictureCount,
                handoffFraction: options.handoffFraction)
        {
            samples = kept
        } else {
            samples = try studio.handoffs(of: prompts, pictureCount: pictureCount, progress: progress)
            if let cache = options.cache {
                try HandoffCache(samples, models: models, handoffFraction: options.handoffFraction).write(to: cache)
            }
        }
    }

    /// Codes every hand-off in every way.
    public func run() throws -> CodingReport {
        var rows: [CodingReport.Row] = []
        let plain: [Float] = []
        let steps: [Float] = [0.46, 0.55, 0.6, 0.65, 0.71, 0.78, 0.92, 1.1]
        try frames(
            "s_n, pyramid", steps.map { ("step \($0)", LatentCodec(step: $0, channelDeviations: deviations)) }, &rows)
        try frames(
            "s_n, pyramid, all channels alike",
            [0.46, 0.55, 0.65].map { ("step \($0)", LatentCodec(step: $0, channelDeviations: plain)) },
            &rows)
        try frames(
            "x_n, pyramid, all channels alike", [0.3, 0.42].map { ("step \($0)", LatentCodec(step: $0)) },
            ofState: true, &rows)
        let planes: [Float] = [0.125, 0.25, 0.35, 0.5, 0.75, 1]
        try frames("s_n, planes and zstd 19", planes.map { ("step \($0)", LatentCodec(.planes(step: $0))) }, &rows)
        try frames(
            "x_n, planes and zstd 19", [0.25, 0.5].map { ("step \($0)", LatentCodec(.planes(step: $0))) },
            ofState: true, &rows)
        try frames("s_n, exact", [("zstd 19", .lossless)], &rows)
        try halfPrecision(&rows)
        try lossless(&rows)
        if let filter = options.filter, rows.isEmpty { throw CodingLabError.noSuchRow(filter) }
        return CodingReport(
            pair: studio.description, handoffCount: samples.count, pictureCount: pictureCount,
            elementCount: samples.first?.estimate.shape.elementCount ?? 0, rows: rows)
    }

    /// Whole frames of the codec, with pictures and times.
    private func frames(
        _ group: String, _ codecs: [(name: String, codec: LatentCodec)], ofState: Bool = false,
        _ rows: inout [CodingReport.Row]
    ) throws {
        for (name, codec) in codecs where isWanted(group, name) {
            var decoded: [Latent] = []
            var (bytes, encoding, decoding) = (0, [Double](), [Double]())
            for sample in samples {
                let latent = ofState ? sample.state : sample.estimate
                let start = ContinuousClock.now
                let frame = try codec.encode(latent)
                let middle = ContinuousClock.now
                let restored = try LatentCodec.decode(frame, expecting: latent.shape)
                encoding.append(1e6 * (middle - start).inSeconds)
                decoding.append(1e6 * (ContinuousClock.now - middle).inSeconds)
                bytes += frame.count
                decoded.append(restored)
            }
            let quality = try quality(decoded, areStates: ofState)
            rows.append(
                row(
                    group, name, bytes: bytes, of: samples.count, quality,
                    times: (Sample(encoding).median, Sample(decoding).median)))
            progress("\(group), \(name): \(rows.last?.bitsPerElement ?? 0) bits, \(quality?.mean ?? 0) dB")
        }
    }

    /// Two bytes an element: what is sent without a code.
    private func halfPrecision(_ rows: inout [CodingReport.Row]) throws {
        let (group, name) = ("s_n, raw", "fp16")
        guard isWanted(group, name) else { return }
        let rounded = samples.map { sample in
            Latent(shape: sample.estimate.shape, values: sample.estimate.values.map { Self.roundedToHalf($0) })
        }
        let bytes = samples.reduce(0) { $0 + 2 * $1.estimate.values.count }
        rows.append(row(group, name, bytes: bytes, of: samples.count, try quality(rounded, areStates: false)))
    }

    /// Codings of the same quantized elements: they differ in bytes only, the picture is that of the planes' step.
    private func lossless(_ rows: inout [CodingReport.Row]) throws {
        for step in [0.25, 0.5] {
            let base = PlaneExperiment(step: step, predictor: .median, order: .lowFirst, level: 19)
            let group = "s_n, planes of step \(step)"
            let quantized = samples.map { base.quantize($0.estimate).elements }
            func add(_ name: String, _ experiment: PlaneExperiment, dictionaryBytes: Int? = nil) throws {
                guard isWanted(group, name) else { return }
                let shape = samples[0].estimate.shape
                let contents = quantized.map { experiment.content($0, shape) }
                // A dictionary is trained on one half and measured on the other; of a handful zstd makes none.
                guard dictionaryBytes == nil || contents.count >= Self.fewestForDictionary else {
                    return progress("\(group), \(name): left out, for want of \(Self.fewestForDictionary) pictures")
                }
                let measured = dictionaryBytes == nil ? contents : Array(contents.suffix(contents.count / 2))
                let dictionary = try dictionaryBytes.map {
                    try ExperimentalZstd.dictionary(of: Array(contents.prefix(contents.count / 2)), bytes: $0)
                }
                var bytes = 0
                for content in measured {
                    bytes += try ExperimentalZstd.size(content, level: experiment.level, dictionary: dictionary)
                    bytes += experiment.overhead(shape)
                }
                rows.append(row(group, name, bytes: bytes, of: measured.count, nil))
            }
            for predictor in PlaneExperiment.Predictor.allCases {
                var experiment = base
                experiment.predictor = predictor
                try add("predictor \(predictor.rawValue)", experiment)
            }
            for order in PlaneExperiment.PlaneOrder.allCases {
                var experiment = base
                experiment.order = order
                try add("order: \(order.rawValue)", experiment)
            }
            for level: Int32 in [1, 3, 9, 19, 22] {
                var experiment = base
                experiment.level = level
                try add("zstd level \(level)", experiment)
            }
            for bytes in [4096, 16384] {
                try add("zstd level 19, trained dictionary of \(bytes) bytes", base, dictionaryBytes: bytes)
            }
        }
    }

    private func isWanted(_ group: String, _ name: String) -> Bool {
        guard let filter = options.filter else { return true }
        return "\(group): \(name)".contains(filter)
    }

    private func row(
        _ group: String, _ name: String, bytes: Int, of count: Int, _ quality: (mean: Double, lowest: Double)?,
        times: (encode: Double, decode: Double)? = nil
    ) -> CodingReport.Row {
        let mean = Double(bytes) / Double(count)
        return CodingReport.Row(
            group: group, name: name, bytes: mean,
            bitsPerElement: 8 * mean / Double(samples[0].estimate.shape.elementCount), psnr: quality?.mean,
            lowestPSNR: quality?.lowest, encodeMicroseconds: times?.encode, decodeMicroseconds: times?.decode)
    }

    /// PSNR of the pictures that the verifier makes of decoded latents.
    private func quality(_ decoded: [Latent], areStates: Bool) throws -> (mean: Double, lowest: Double)? {
        guard pictureCount > 0 else { return nil }
        let compared = samples.prefix(pictureCount)
        let states = zip(compared, decoded).map { sample, latent in
            areStates ? latent : noisedState(picture: latent, noise: sample.noise, time: sample.time)
        }
        let pictures = try studio.pictures(of: states, prompts: compared.map(\.prompt))
        let values = zip(compared, pictures).map { Picture.decibels(of: Picture.distance($0.reference, $1)) }
        return (values.reduce(0, +) / Double(values.count), values.min() ?? 0)
    }

    /// Round to nearest, ties to even, as bits of binary16; normal and subnormal numbers.
    static func roundedToHalf(_ value: Float) -> Float {
        guard value.isFinite, value != 0 else { return value }
        let exponent = max(value.exponent, -14)
        let unit = Float(sign: .plus, exponent: exponent - 10, significand: 1)
        return (value / unit).rounded(.toNearestOrEven) * unit
    }
}
