/// What the verifications of several pictures come to: how often which re-entry was chosen, and what was saved.
public struct SpeculationTally: Hashable, Sendable {
    /// Pictures whose draft a verifier saw.
    public private(set) var pictureCount = 0
    /// Drafts that went on from the hand-off itself.
    public private(set) var acceptedCount = 0
    /// Drafts that were taken up again at a higher noise level.
    public private(set) var correctedCount = 0
    /// Drafts that were dropped: the verifier began anew.
    public private(set) var droppedCount = 0
    /// How often each step was re-entered at.
    public private(set) var reentries: [Int: Int] = [:]
    public private(set) var verifierEvaluations = 0
    public private(set) var verifierOnlyEvaluations = 0
    /// Seconds that the verifier computed less than it would have alone; negative where drafts cost it more.
    public private(set) var verifierSecondsSaved = 0.0

    public init() {}

    /// Counts one picture; one without a draft, at hand-off step 0, and a chain of mode `exact`, whose drafts are steps, tell
    /// nothing of drafts and are left out.
    ///
    /// - Parameter entryStep: where a draft that passes goes on (`VerificationJob.entryStep`).
    public mutating func add(_ telemetry: VerificationTelemetry, entryStep: Int) {
        guard entryStep > 0, telemetry.exact == nil else { return }
        pictureCount += 1
        switch telemetry.reentryStep {
        case entryStep...: acceptedCount += 1
        case 0: droppedCount += 1
        default: correctedCount += 1
        }
        reentries[telemetry.reentryStep, default: 0] += 1
        verifierEvaluations += telemetry.verifierEvaluations
        verifierOnlyEvaluations += telemetry.verifierOnlyEvaluations
        verifierSecondsSaved += telemetry.verifierSecondsSaved
    }

    /// The share of drafts that went on from the hand-off; nil without pictures.
    public var acceptanceRate: Double? { ratio(Double(acceptedCount), Double(pictureCount)) }
    public var evaluationsPerPicture: Double? { ratio(Double(verifierEvaluations), Double(pictureCount)) }
    /// Evaluations as a share of those of the verifier alone.
    public var evaluationShare: Double? { ratio(Double(verifierEvaluations), Double(verifierOnlyEvaluations)) }

    private func ratio(_ part: Double, _ whole: Double) -> Double? {
        whole > 0 ? part / whole : nil
    }
}

extension SpeculationTally: Encodable {
    private enum CodingKeys: String, CodingKey {
        case pictures, accepted, corrected, dropped, reentries, acceptanceRate, evaluationsPerPicture
        case evaluationShare, verifierSecondsSaved
    }

    /// With the derived ratios, and re-entries as an object from step to count.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(pictureCount, forKey: .pictures)
        try container.encode(acceptedCount, forKey: .accepted)
        try container.encode(correctedCount, forKey: .corrected)
        try container.encode(droppedCount, forKey: .dropped)
        let byName = reentries.map { (String($0.key), $0.value) }
        try container.encode(Dictionary(uniqueKeysWithValues: byName), forKey: .reentries)
        try container.encodeIfPresent(acceptanceRate, forKey: .acceptanceRate)
        try container.encodeIfPresent(evaluationsPerPicture, forKey: .evaluationsPerPicture)
        try container.encodeIfPresent(evaluationShare, forKey: .evaluationShare)
        try container.encode(verifierSecondsSaved, forKey: .verifierSecondsSaved)
    }
}

extension VerificationTelemetry {
    /// Stages in which the verifier network is evaluated.
    static let evaluationStages = ["check", "refine"]
    /// The stage in which a job that was under way with others had nothing done for it.
    public static let othersStage = "others"

    /// The stage in which graphs were compiled: of the first pictures of a verifier alone.
    public static let preparationStage = "prepare"

    /// Whether the job had to share the verifier.
    public var hadCompany: Bool { stages.contains { $0.name == Self.othersStage } }

    /// Seconds in which the verifier network was evaluated.
    public var evaluationSeconds: Double { Self.evaluationStages.reduce(0) { $0 + seconds(of: $1) } }

    /// Seconds of a stage, 0 if there was none.
    func seconds(of stage: String) -> Double {
        stages.filter { $0.name == stage }.reduce(0) { $0 + $1.milliseconds } / 1e3
    }

    /// Seconds that the verifier would have computed longer without the draft, at the pace of this job's own steps; negative
    /// where checking cost more than the draft saved.
    ///
    /// The mean over all evaluations serves where steps cannot be told apart; it holds what a critic took.
    public var verifierSecondsSaved: Double {
        guard verifierEvaluations > 0 else { return 0 }
        let pace = VerifierPace(self)?.secondsPerEvaluation ?? evaluationSeconds / Double(verifierEvaluations)
        return pace * Double(verifierOnlyEvaluations) - evaluationSeconds
    }
}
