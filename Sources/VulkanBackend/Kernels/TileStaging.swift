/// How kernels for matrix units bring tiles of their factors from memory to shared memory.
public enum TileStaging: String, CaseIterable, Codable, Sendable {
    /// One tile of each factor, filled between products; other workgroups multiply meanwhile.
    case single
    /// Two by turns: the next is on its way through registers while one is multiplied.
    case double
}
