/// Why a split of the work cannot be planned.
public enum SpeculationError: Error, Hashable, Sendable {
    /// The draft's share of the steps is not a number from 0 to 1.
    case fractionOutOfRange(Double)
    /// A level of the check is not usable: its time must lie in 0…1, its threshold be finite and not negative.
    case invalidLevel(time: Double, threshold: Float)
    /// A quality curve is not usable, and why.
    case invalidQuality(String)
}

extension SpeculationError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .fractionOutOfRange(let fraction):
            "a hand-off fraction of \(fraction) is not in 0…1; 0.8 is the default, "
                + "0 leaves all to the verifier and 1 all to the draft"
        case .invalidLevel(let time, let threshold):
            "a check at t = \(time) with threshold \(threshold) is not usable; "
                + "the manifest needs times in 0…1 and finite thresholds of at least 0"
        case .invalidQuality(let reason):
            "the quality curve cannot be used: \(reason); measure it anew with `underpaint lab split --write-quality`"
        }
    }
}
