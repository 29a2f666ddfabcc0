public import Speculation

/// What a host has done since it began, for those who run it.
public struct HostTally: Hashable, Sendable {
    /// Jobs that ended with a result; every window of an exact chain is one.
    public private(set) var deliveredCount = 0
    /// Requests that were refused, and jobs that were cancelled or failed, by why.
    public private(set) var problems: [VerifierError.Code: Int] = [:]
    /// What became of drafts, and the evaluations that they saved.
    public private(set) var drafts = SpeculationTally()
    /// Seconds of computing by stage.
    public private(set) var stageSeconds: [String: Double] = [:]
    /// Bytes of coded latents that came.
    public private(set) var receivedBytes = 0
    /// Bytes of pictures and latents that went back.
    public private(set) var sentBytes = 0

    public init() {}

    /// Counts the end of a job.
    mutating func add(_ end: JobEnd, of job: VerificationJob) {
        switch end {
        case .success(let outcome):
            deliveredCount += 1
            for stage in outcome.telemetry.stages where stage.name != VerificationTelemetry.othersStage {
                stageSeconds[stage.name, default: 0] += stage.milliseconds / 1e3
            }
            receivedBytes += job.codedBytes
            sentBytes += outcome.payload.count
            // A window that is not the last of its chain decides over steps, not over a picture.
            if outcome.verdict == nil { drafts.add(outcome.telemetry, entryStep: job.entryStep) }
        case .failure(let error): add(error)
        }
    }

    /// Counts a refusal.
    mutating func add(_ error: VerifierError) { problems[error.code, default: 0] += 1 }
}
