/// The thresholds that one job's draft is held to.
public struct CheckRule: Hashable, Sendable {
    /// The largest distances that pass, by noise level; read off the line through them.
    public let distances: [CheckLevel]
    /// Those of drafts that are handed off at the level, which may be above the calibration's hand-off. Empty holds to `distances`.
    public let earlyDistances: [CheckLevel]
    /// t of the levels above the hand-off at which a draft may be taken up again, rising.
    public let times: [Double]
    /// Whether the picture follows the prompt; nil asks nothing.
    public let prompt: Prompt?
    /// The largest unlikeness that passes, by noise level; read off the line through them. Empty asks nothing.
    public let likeness: [CheckLevel]
    /// The largest distances that pass at levels where likeness lets a draft be corrected, where they are larger than those of
    /// `distances`: the verifier's picture must be another one there. Empty holds to those.
    public let corrections: [CheckLevel]

    /// The largest mean of a statistic over a few levels that passes.
    public struct Prompt: Hashable, Sendable {
        /// What is read: the shortfall or a critic's doubt.
        public let statistic: CheckStatistic
        /// t of the levels, rising.
        public let times: [Double]
        public let threshold: Float

        public init(_ statistic: CheckStatistic = .promptShortfall, times: [Double], threshold: Float) {
            self.statistic = statistic
            self.times = times
            self.threshold = threshold
        }

        /// The hand-offs whose drafts are asked about are below this time: nothing is known of unfinished pictures.
        var unfinishedTime: Double {
            switch statistic {
            // The noise that is laid over them has to hide what the draft has not done.
            case .promptShortfall, .estimateDistance: times.first ?? 0
            case .promptDoubt, .unlikeness: CheckRule.criticsUnfinishedTime
            }
        }
    }

    /// Where the lowest of the shortfall's levels lies by default: a critic is asked of the same drafts.
    static let criticsUnfinishedTime = 0.7

    /// The rule that catches a share of the planted faults.
    ///
    /// - Parameters:
    ///   - draft: SHA-256 of the weights of the draft that is checked.
    ///   - quantile: the share; nil is the calibration's own.
    ///   - likenessShare: the share of the verifier's own pictures that the question about likeness may reject, 0 asks none; nil
    ///     is the calibration's own.
    ///   - times: levels to re-enter at instead of the calibration's.
    /// - Throws: `SpeculationError.quantileOutOfRange`, `.likenessShareOutOfRange`, `.noLikeness`, `.invalidLevel`.
    public init(
        _ calibration: CheckCalibration, draft: String, quantile: Double? = nil, likenessShare: Double? = nil,
        times: [Double]? = nil
    ) throws(SpeculationError) {
        let quantile = quantile ?? calibration.quantile
        guard CheckCalibration.quantiles.contains(quantile) else { throw .quantileOutOfRange(quantile) }
        let share = likenessShare ?? calibration.likeness?.rejectedShare ?? 0
        guard share == 0 || CheckCalibration.quantiles.contains(share) else { throw .likenessShareOutOfRange(share) }
        var (distances, earlyDistances) = ([CheckLevel](), [CheckLevel]())
        var (likeness, corrections) = ([CheckLevel](), [CheckLevel]())
        if share > 0 {
            guard let measured = calibration.likeness else { throw .noLikeness }
            for level in measured.levels {
                likeness.append(
                    try CheckLevel(time: level.time, threshold: Float(level.threshold(rejecting: share))))
            }
        }
        for level in calibration.levels {
            distances.append(
                try CheckLevel(time: level.time, threshold: Float(level.threshold(catching: quantile))))
            earlyDistances.append(
                try CheckLevel(
                    time: level.time, threshold: Float(level.threshold(catching: quantile, isEarly: true))))
            // What drafts hardly ever reach; what is not known of another draft is no reason to let more of it pass.
            if !likeness.isEmpty, draft == calibration.draft {
                corrections.append(
                    try CheckLevel(time: level.time, threshold: Float(level.draft.value(at: Self.draftsAtCorrection))))
            }
        }
        try self.init(
            distances: distances, earlyDistances: earlyDistances,
            times: times ?? (likeness.isEmpty ? distances : likeness).map(\.time),
            prompt: Prompt(
                calibration.promptStatistic, times: calibration.prompt.times,
                threshold: Float(
                    calibration.prompt.threshold(
                        catching: quantile, isMeasuredDraft: draft == calibration.draft))),
            likeness: likeness, corrections: corrections)
    }

    /// The share of the draft's pictures that is near enough to be corrected.
    private static let draftsAtCorrection = 0.99

    /// One threshold for the distance at every level, and no question about the prompt.
    ///
    /// - Throws: `SpeculationError.invalidLevel`.
    public init(distance threshold: Float, times: [Double]) throws(SpeculationError) {
        try self.init(distances: [CheckLevel(time: 0, threshold: threshold)], times: times)
    }

    /// A rule of given thresholds.
    ///
    /// - Throws: `SpeculationError.invalidLevel` without distances, or for one below 0.
    public init(
        distances: [CheckLevel], earlyDistances: [CheckLevel] = [], times: [Double], prompt: Prompt? = nil,
        likeness: [CheckLevel] = [], corrections: [CheckLevel] = []
    ) throws(SpeculationError) {
        guard !distances.isEmpty else { throw .invalidLevel(time: .nan, threshold: .nan) }
        for level in distances + earlyDistances + corrections where level.threshold < 0 {
            throw .invalidLevel(time: level.time, threshold: level.threshold)
        }
        self.distances = distances
        self.earlyDistances = earlyDistances
        self.times = times.sorted()
        self.prompt = prompt
        self.likeness = likeness
        self.corrections = corrections
    }

    /// What is asked about the prompt of a draft handed off at `time`.
    ///
    /// Calibrated on pictures that are done but for their detail: nothing is known of unfinished ones.
    public func prompt(at time: Double) -> Prompt? {
        prompt.flatMap { $0.unfinishedTime > time && !$0.times.isEmpty ? $0 : nil }
    }

    /// Where a critic is asked whether a draft handed off at `handoffTime` is like the verifier's at a level, and the largest
    /// unlikeness that passes; nil where it is not asked.
    ///
    /// Below the least noise that it was measured at it is asked there.
    public func likeness(at time: Double, handoffTime: Double) -> CheckLevel? {
        guard handoffTime < Self.criticsUnfinishedTime, let least = likeness.map(\.time).min() else { return nil }
        let time = Swift.max(time, least)
        return likeness.threshold(at: time).flatMap { try? CheckLevel(time: time, threshold: $0) }
    }

    /// The largest distance that passes at a time.
    ///
    /// - Parameters:
    ///   - handoffTime: where the draft was handed off.
    ///   - isCorrection: whether the draft is to be corrected there, as likeness lets it.
    public func distance(at time: Double, handoffTime: Double, isCorrection: Bool = false) -> Float {
        var limit = distances.threshold(at: time) ?? -.infinity
        // What the draft may leave undone at its hand-off it may leave undone above it. Only where its prompt is asked about:
        // of what is not half done the distance would let anything pass.
        if prompt(at: handoffTime) != nil, let early = earlyDistances.threshold(at: min(time, handoffTime)) {
            limit = max(limit, early)
        }
        return isCorrection ? max(limit, corrections.threshold(at: time) ?? limit) : limit
    }
}
