/// How the verifier treats what the draft made (ALGORITHMS.md §4–5).
public enum SpeculationMode: String, Hashable, Sendable, Codable, CaseIterable {
    /// Check the draft's estimate at a few noise levels, re-enter at the lowest that passes, refine.
    case handoff
    /// Refine from the hand-off without a check; for measurement.
    case trust
    /// Speculative sampling: the picture has exactly the law of the verifier's own stochastic sampler.
    case exact
}
