public import Speculation

/// A verification without a model whose every byte follows from the job.
public enum FakeVerification {
    /// Reports a check, `stepCount - handoffStep` refining steps and the decoding, and gives 20 kB that depend on
    /// the seed and the coded estimate.
    public static func run(
        _ job: VerificationJob, report: (VerificationEvent) throws -> Void
    ) throws -> VerificationOutcome {
        let levels = [LevelReading(step: job.handoffStep, time: 0.4285714, statistic: 0.125, threshold: 0.25)]
        try report(.checked(levels: levels, reentryStep: job.handoffStep))
        let total = job.stepCount - job.handoffStep
        for done in 0..<total { try report(.refined(done: done + 1, total: total)) }
        try report(.decoding)
        var state = job.seed &+ job.codedEstimate.reduce(0) { $0 &* 31 &+ UInt64($1) }
        let payload = (0..<20_000).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 56)
        }
        return VerificationOutcome(
            payload: payload, result: job.result,
            telemetry: VerificationTelemetry(
                levels: levels, reentryStep: job.handoffStep, verifierEvaluations: total + 1,
                verifierOnlyEvaluations: job.stepCount,
                stages: [StageTime(name: "check", milliseconds: 12.5)],
                receivedBytes: job.codedEstimate.count))
    }
}
