/// Where the verifier goes on: the rule "correct" of ALGORITHMS.md §4.
public enum ReentryRule {
    /// The step of the lowest level from which that level and all higher ones pass; 0 if the highest does not.
    ///
    /// Re-entering at low noise repairs little, at high noise much, and at step 0 the draft is dropped: that picture
    /// is the verifier's own. Readings may come in any order.
    public static func step(for readings: [LevelReading]) -> Int {
        // A lower step is a higher level.
        readings.sorted { $0.step < $1.step }.prefix(while: \.passes).last?.step ?? 0
    }

    /// Evaluations by the verifier: one for each level that was checked and one for each step that it takes.
    ///
    /// - Parameter reused: whether the check's evaluation serves as that of the first step.
    public static func verifierEvaluations(
        checkedLevelCount: Int, reentryStep: Int, stepCount: Int, reused: Bool
    ) -> Int {
        checkedLevelCount + (stepCount - reentryStep) - (reused ? 1 : 0)
    }
}
