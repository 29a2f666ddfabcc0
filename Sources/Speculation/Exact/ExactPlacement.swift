/// Where the drafts of an exact chain are made.
public enum ExactPlacement: String, Hashable, Sendable, Codable, CaseIterable {
    /// Wherever the picture is expected first.
    case auto
    /// On the edge: a round trip for every window.
    case edge
    /// On the verifier's machine, which has the draft's weights too: one round trip in all.
    case verifier
}
