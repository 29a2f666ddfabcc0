/// What a verifier's check was measured to read: the `check` section of its manifest.
///
/// For each statistic the distributions of the verifier's own pictures (the null), of the draft's, and of pictures with
/// a planted fault. Of prompt and distance, being told from the verifier's own would be too strict a test: a weaker draft fails
/// it long before its pictures come to harm. So their thresholds are put where a chosen share of the faults is caught, and the
/// other two tables say how many good pictures that costs. Likeness is that very test, at a noise level that hides what does no
/// harm: its threshold is a quantile of the null.
public struct CheckCalibration: Hashable, Sendable, Codable {
    /// The statistics and the rule that the tables belong to, by name.
    public var rule: String
    /// Of the rule; tables of another version say nothing about this one.
    public var version: Int
    /// SHA-256 of the weights of the draft whose pictures were measured, as a job names it.
    public var draft: String
    /// SHA-256 of the weights of the critic that read them; nil where the verifier itself was asked about the prompt.
    public var critic: String?
    /// Prompts that were measured.
    public var samples: Int
    /// The guidance scale w that they were made with.
    public var guidance: Double
    /// N and the hand-off step of the pictures.
    public var stepCount: Int
    public var handoffStep: Int
    /// The share of faults to catch when nobody says.
    public var quantile: Double
    /// Does the picture follow the prompt?
    public var prompt: Prompt
    /// Is the picture near what the verifier would draw? By rising noise.
    public var levels: [Level]
    /// Is the picture like the verifier's own? Nil where no critic can say.
    public var likeness: Likeness?

    /// The mean of the prompt's statistic over a few levels.
    public struct Prompt: Hashable, Sendable, Codable {
        /// t of the levels, rising.
        public var times: [Double]
        /// Of the verifier's own pictures.
        public var null: QuantileTable
        /// Of the draft's pictures.
        public var draft: QuantileTable
        /// By the name of the fault, of the draft's pictures read against other words than they were made from.
        public var draftFaults: [String: QuantileTable]
        /// The same of the verifier's pictures: what holds for a draft that was not measured.
        public var verifierFaults: [String: QuantileTable]

        public init(
            times: [Double], null: QuantileTable, draft: QuantileTable, draftFaults: [String: QuantileTable],
            verifierFaults: [String: QuantileTable]
        ) {
            self.times = times
            self.null = null
            self.draft = draft
            self.draftFaults = draftFaults
            self.verifierFaults = verifierFaults
        }

        /// The largest mean that passes if at least `quantile` of every kind of fault must not.
        ///
        /// - Parameter isMeasuredDraft: whether the faults are those of the calibration's draft.
        public func threshold(catching quantile: Double, isMeasuredDraft: Bool) -> Double {
            // What is not known of another draft is no reason to let more of it pass.
            let faults = Array(draftFaults.values) + (isMeasuredDraft ? [] : Array(verifierFaults.values))
            return faults.map { $0.value(at: 1 - quantile) }.min() ?? null.value(at: quantile)
        }
    }

    /// The estimate distance at one level.
    public struct Level: Hashable, Sendable, Codable {
        public var time: Double
        /// Of the verifier's own pictures.
        public var null: QuantileTable
        /// Of the draft's pictures.
        public var draft: QuantileTable
        /// Of the verifier's pictures with planted noise, `noise(at:)` of the level or of the hand-off, whichever is less:
        /// what refining from there would not take out.
        public var noiseFaults: QuantileTable
        /// Of a level above the hand-off the same with `noise(at:)` of the level: what a draft that is handed off there may
        /// leave undone, since refining takes it out. Nil of another level, and where it was not measured.
        public var earlyNoiseFaults: QuantileTable?

        public init(
            time: Double, null: QuantileTable, draft: QuantileTable, noiseFaults: QuantileTable,
            earlyNoiseFaults: QuantileTable? = nil
        ) {
            self.time = time
            self.null = null
            self.draft = draft
            self.noiseFaults = noiseFaults
            self.earlyNoiseFaults = earlyNoiseFaults
        }

        /// The largest distance that passes if at least `quantile` of the faults must not.
        ///
        /// - Parameter isEarly: of a draft that is handed off at the level.
        public func threshold(catching quantile: Double, isEarly: Bool = false) -> Double {
            (isEarly ? earlyNoiseFaults ?? noiseFaults : noiseFaults).value(at: 1 - quantile)
        }
    }

    /// How unlike the verifier's own pictures a critic finds pictures under noise.
    public struct Likeness: Hashable, Sendable, Codable {
        /// The share of the verifier's own pictures that may be rejected when nobody says.
        public var rejectedShare: Double
        /// By rising noise; the first is the hand-off.
        public var levels: [Level]

        /// The unlikeness at one level.
        public struct Level: Hashable, Sendable, Codable {
            public var time: Double
            /// Of the verifier's own pictures.
            public var null: QuantileTable
            /// Of the draft's pictures.
            public var draft: QuantileTable

            public init(time: Double, null: QuantileTable, draft: QuantileTable) {
                self.time = time
                self.null = null
                self.draft = draft
            }

            /// The largest unlikeness that passes if no more than `share` of the verifier's own pictures may be rejected.
            public func threshold(rejecting share: Double) -> Double { null.value(at: 1 - share) }
        }

        public init(rejectedShare: Double, levels: [Level]) {
            self.rejectedShare = rejectedShare
            self.levels = levels
        }
    }

    /// - Parameter critic: the digest of the critic that was asked about the prompt; nil if the verifier was.
    public init(
        draft: String, critic: String? = nil, samples: Int, guidance: Double, stepCount: Int, handoffStep: Int,
        quantile: Double, prompt: Prompt, levels: [Level], likeness: Likeness? = nil
    ) {
        rule = Self.rule(reading: critic == nil ? .promptShortfall : .promptDoubt)
        version = Self.knownVersion
        self.draft = draft
        self.critic = critic
        self.samples = samples
        self.guidance = guidance
        self.stepCount = stepCount
        self.handoffStep = handoffStep
        self.quantile = quantile
        self.prompt = prompt
        self.levels = levels
        self.likeness = likeness
    }

    static let knownVersion = 1

    /// What is read of the prompt.
    public var promptStatistic: CheckStatistic { Self.promptStatistic(of: rule) ?? .promptShortfall }

    /// What a rule reads of the prompt; nil of one that this build does not compute.
    static func promptStatistic(of rule: String) -> CheckStatistic? {
        [CheckStatistic.promptShortfall, .promptDoubt].first { Self.rule(reading: $0) == rule }
    }

    /// The name of the rule that reads this of the prompt, and the distance.
    private static func rule(reading statistic: CheckStatistic) -> String {
        "\(statistic.rawValue)+\(CheckStatistic.estimateDistance.rawValue)"
    }

    /// What is wrong with the values, in words; nil if nothing is.
    public var fault: String? {
        guard (critic != nil) == (promptStatistic == .promptDoubt) else {
            return critic == nil ? "the rule '\(rule)' needs a critic" : "the rule '\(rule)' asks no critic"
        }
        guard samples > 0 else { return "samples \(samples) is not positive" }
        guard guidance.isFinite, guidance >= 0 else { return "guidance \(guidance) is not a scale" }
        guard Self.quantiles.contains(quantile) else { return "quantile \(quantile) is not between 0 and 1" }
        guard stepCount > 0, (0...stepCount).contains(handoffStep) else {
            return "handoffStep \(handoffStep) is no step"
        }
        let times = levels.map(\.time)
        guard !levels.isEmpty, Self.areLevels(times) else { return "levels: times do not rise between 0 and 1" }
        guard
            levels.allSatisfy({ level in
                [level.null, level.noiseFaults, level.earlyNoiseFaults ?? level.null]
                    .allSatisfy { ($0.values.first ?? -1) >= 0 }
            })
        else {
            return "levels: a distance is negative"
        }
        guard !prompt.times.isEmpty, Self.areLevels(prompt.times) else {
            return "prompt: times do not rise between 0 and 1"
        }
        guard let likeness else { return nil }
        guard critic != nil else { return "likeness needs a critic" }
        guard Self.quantiles.contains(likeness.rejectedShare) else {
            return "likeness: rejectedShare \(likeness.rejectedShare) is not between 0 and 1"
        }
        guard !likeness.levels.isEmpty, Self.areLevels(likeness.levels.map(\.time)) else {
            return "likeness: times do not rise between 0 and 1"
        }
        return nil
    }

    /// RMS of the noise that is planted as a fault in a picture handed off at `time`.
    public static func noise(at time: Double) -> Double { time / (2 * (1 - time)) }

    /// Where a quantile may lie.
    static let quantiles = 0.001...0.999

    /// Whether these are times of levels, rising.
    static func areLevels(_ times: [Double]) -> Bool {
        times.allSatisfy { $0 > 0 && $0 < 1 } && zip(times, times.dropFirst()).allSatisfy { $0 < $1 }
    }
}
