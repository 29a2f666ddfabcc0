/// One noise level of the check (ALGORITHMS.md §4).
public struct LevelReading: Hashable, Sendable, Codable {
    /// The schedule step at or nearest to the level; of distance and likeness the step that the verifier would re-enter at.
    public let step: Int
    /// t where it was read; of what is read of the prompt the mean over its levels.
    public let time: Double
    /// The statistic's value.
    public let statistic: Float
    /// The largest value that passes here.
    public let threshold: Float
    /// What was read.
    public let kind: CheckStatistic

    public init(
        step: Int, time: Double, statistic: Float, threshold: Float, kind: CheckStatistic = .estimateDistance
    ) {
        self.step = step
        self.time = time
        self.statistic = statistic
        self.threshold = threshold
        self.kind = kind
    }

    /// Whether this is no reason against the draft. A statistic that is NaN or infinite does not pass.
    public var passes: Bool { statistic.isFinite && statistic <= threshold }
}

/// What verifying a job cost and how it was decided.
public struct VerificationTelemetry: Hashable, Sendable, Codable {
    /// Readings in the order in which they were taken; empty in mode `trust`.
    public var levels: [LevelReading]
    /// The step of its schedule that the verifier re-entered at: the job's `entryStep` when the draft passed, 0 for a fresh
    /// start.
    public var reentryStep: Int
    /// Picture evaluations by the verifier network, the check included; a guided evaluation counts once.
    public var verifierEvaluations: Int
    /// Evaluations the verifier would have needed without a draft.
    public var verifierOnlyEvaluations: Int
    /// Milliseconds by stage, in the order in which the stages began; of a batch that jobs shared, each has its part by evaluations.
    public var stages: [StageTime]
    /// Bytes of the coded estimate as received.
    public var receivedBytes: Int
    /// In mode `exact`.
    public var exact: ExactTelemetry?

    public init(
        levels: [LevelReading], reentryStep: Int, verifierEvaluations: Int, verifierOnlyEvaluations: Int,
        stages: [StageTime], receivedBytes: Int, exact: ExactTelemetry? = nil
    ) {
        self.levels = levels
        self.reentryStep = reentryStep
        self.verifierEvaluations = verifierEvaluations
        self.verifierOnlyEvaluations = verifierOnlyEvaluations
        self.stages = stages
        self.receivedBytes = receivedBytes
        self.exact = exact
    }
}

/// The time that one stage took.
public struct StageTime: Hashable, Sendable, Codable {
    /// For example `text`, `check`, `refine`, `decode`, `encode`.
    public let name: String
    public let milliseconds: Double
    /// No job takes a year.
    public static let longest = 366 * 86_400e3

    public init(name: String, milliseconds: Double) {
        self.name = name
        self.milliseconds = milliseconds
    }
}

/// What a verified job gives back.
public struct VerificationOutcome: Hashable, Sendable {
    /// A PNG or WebP file or a coded latent frame, as the job's `result` asked; empty with a `verdict`.
    public var payload: [UInt8]
    public var result: ResultKind
    public var telemetry: VerificationTelemetry
    /// For a window of an exact chain that goes on.
    public var verdict: WindowVerdict?

    public init(
        payload: [UInt8], result: ResultKind, telemetry: VerificationTelemetry, verdict: WindowVerdict? = nil
    ) {
        self.payload = payload
        self.result = result
        self.telemetry = telemetry
        self.verdict = verdict
    }
}

/// What happens to a job on its way, in order.
public enum VerificationEvent: Hashable, Sendable {
    /// The job waits; `position` jobs are before it.
    case queued(position: Int)
    /// The check is done.
    case checked(levels: [LevelReading], reentryStep: Int)
    /// An exact chain has come to `step` of `stepCount`; `accepted` of its steps were drafted.
    case speculated(step: Int, stepCount: Int, accepted: Int)
    /// `done` of `total` refining steps are done.
    case refined(done: Int, total: Int)
    /// The latent is final and being decoded.
    case decoding
}
