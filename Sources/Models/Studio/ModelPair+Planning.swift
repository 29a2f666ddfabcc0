public import Speculation

extension ModelPair {
    /// What the verifier's manifest holds drafts to; nil if it was not calibrated.
    public var checkRule: CheckRule? {
        verifier.calibration.flatMap { try? CheckRule($0, draft: draft.weightsDigest) }
    }

    /// The steps that each model takes when nobody says more.
    public var stepCounts: StepCounts {
        StepCounts(
            draft: draft.manifest.schedule.defaultStepCount, verifier: verifier.manifest.schedule.defaultStepCount)
    }

    /// The steps that both models take where somebody says how many, or the verifier alone.
    public func stepCounts(_ steps: Int?, verifier own: Int? = nil) -> StepCounts {
        StepCounts(draft: steps ?? stepCounts.draft, verifier: own ?? steps ?? stepCounts.verifier)
    }

    /// Q(f) of this pair in a mode, as its verifier's manifest has it; nil if it was not measured, or with a draft of
    /// other weights, or with a check that asked another critic.
    public func qualityCurve(for mode: SpeculationMode) -> QualityCurve? {
        guard let quality = verifier.manifest.quality, quality.isUnderstood, quality.draft == draft.id,
            quality.draftDigest == draft.weightsDigest,
            mode != .handoff || quality.critic == verifier.calibration?.critic, let curve = quality.modes[mode.rawValue]
        else { return nil }
        let points = curve.fractions.indices.map { index in
            QualityCurve.Point(
                fraction: curve.fractions[index], loss: curve.losses[index],
                evaluationShare: curve.evaluationShares[index])
        }
        return try? QualityCurve(
            points: points,
            stepCounts: StepCounts(draft: quality.stepCount, verifier: quality.verifierStepCount))
    }
}
