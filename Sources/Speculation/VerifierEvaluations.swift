/// What a way through the steps costs the verifier.
public enum ReentryRule {
    /// Evaluations by the verifier: those of the check and one for each step that it takes.
    ///
    /// - Parameter reused: whether one of the check's serves as that of the first step.
    public static func verifierEvaluations(
        checkEvaluations: Int, reentryStep: Int, stepCount: Int, reused: Bool
    ) -> Int {
        checkEvaluations + (stepCount - reentryStep) - (reused ? 1 : 0)
    }
}
