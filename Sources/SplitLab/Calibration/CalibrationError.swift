/// Why a check cannot be calibrated or tried.
public enum CalibrationError: Error, Hashable, Sendable {
    /// A file of prompts or a manifest is not as it should be.
    case damagedFile(path: String, reason: String)
    /// A file cannot be written.
    case notWritable(path: String, reason: String)
    /// The options do not go together.
    case invalidPlan(String)
    /// The models gave something that cannot be measured.
    case notMeasurable(String)
}

extension CalibrationError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .damagedFile(let path, let reason): "\(path) cannot be used: \(reason)"
        case .notWritable(let path, let reason): "\(path) cannot be written: \(reason)"
        case .invalidPlan(let reason), .notMeasurable(let reason): reason
        }
    }
}
