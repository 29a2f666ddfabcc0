/// What a way through the steps costs the verifier.
public enum ReentryRule {
    /// Evaluations by the verifier: one for each row that was checked and one for each step that it takes.
    ///
    /// - Parameter reused: whether a row of the check serves as the evaluation of the first step.
    public static func verifierEvaluations(
        checkedRowCount: Int, reentryStep: Int, stepCount: Int, reused: Bool
    ) -> Int {
        checkedRowCount + (stepCount - reentryStep) - (reused ? 1 : 0)
    }
}
