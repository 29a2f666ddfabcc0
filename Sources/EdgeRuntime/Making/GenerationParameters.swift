public import Pictures
public import Speculation

/// The `parameters` text that picture tools read: prompt on the first line, settings on the second.
///
/// The layout is that of AUTOMATIC1111's web UI, which PNG readers expect. Nothing that differs between two runs
/// of the same job (times, addresses) is in it, so that the file is reproducible.
public struct GenerationParameters: Hashable, Sendable {
    public let job: VerificationJob
    public let origin: PictureOrigin
    /// Pixels.
    public let width: Int
    public let height: Int

    public init(job: VerificationJob, origin: PictureOrigin, width: Int, height: Int) {
        self.job = job
        self.origin = origin
        self.width = width
        self.height = height
    }

    /// The program's version, as `underpaint --version` prints it.
    public static let version = "0.1.0"

    public var text: String {
        let settings = [
            ("Steps", "\(job.stepCount)"),
            ("Sampler", "Euler"),
            ("Schedule type", "Flow, shift \(job.scheduleShift)"),
            ("CFG scale", "\(job.guidanceScale)"),
            ("Seed", "\(job.seed)"),
            ("RNG", job.noise.rawValue),
            ("Size", "\(width)x\(height)"),
            ("Model", job.verifier.id),
            ("Model hash", String(job.verifier.weightsDigest.prefix(10))),
            ("Draft model", job.draft.id),
            ("Draft model hash", String(job.draft.weightsDigest.prefix(10))),
            ("Hand-off", "\(job.handoffStep)/\(job.stepCount)"),
            ("Mode", job.mode.rawValue),
            ("Made by", origin.rawValue),
            ("Version", "underpaint \(GenerationParameters.version)"),
        ]
        return job.prompt + "\n" + settings.map { "\($0): \($1)" }.joined(separator: ", ")
    }

    public var chunk: PNGText { PNGText(key: "parameters", text: text) }
}
