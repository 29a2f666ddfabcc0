/// What a way through the steps costs the verifier.
public enum VerifierEvaluations {
    /// Those of the check and one for each step that the verifier takes.
    ///
    /// - Parameter reused: whether one of the check's serves as that of the first step.
    public static func count(check: Int, reentryStep: Int, stepCount: Int, reused: Bool) -> Int {
        check + (stepCount - reentryStep) - (reused ? 1 : 0)
    }
}
