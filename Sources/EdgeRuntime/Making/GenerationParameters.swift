import Diffusion
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
    /// What the verifier decided: its counts are part of the text, its times are not.
    public let verification: VerificationTelemetry?

    public init(
        job: VerificationJob, origin: PictureOrigin, width: Int, height: Int,
        verification: VerificationTelemetry? = nil
    ) {
        self.job = job
        self.origin = origin
        self.width = width
        self.height = height
        self.verification = verification
    }

    public var text: String {
        var settings = [
            ("Steps", "\(job.stepCount)"),
            ("Sampler", job.mode == .exact ? "Euler a (exact)" : FlowWalk.method),
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
        ]
        if let verification {
            settings += [
                ("Verifier steps", "\(job.verifierStepCount)"),
                ("Re-entry", "\(verification.reentryStep)/\(job.verifierStepCount)"),
                (
                    "Verifier evaluations",
                    "\(verification.verifierEvaluations)/\(verification.verifierOnlyEvaluations)"
                ),
            ]
        }
        settings.append(("Version", "underpaint \(ProgramVersion.current)"))
        return job.prompt + "\n" + settings.map { "\($0): \($1)" }.joined(separator: ", ")
    }
}
