/// Why an experiment cannot be made or read.
public enum LabError: Error, Hashable, Sendable {
    /// A network's description makes no sense.
    case invalidNetwork(String, String)
    /// An experiment cannot be planned like this.
    case invalidPlan(String)
    /// The relay cannot listen or find its target.
    case relay(String)
    /// A program that the lab needs cannot be started or does not answer.
    case program(String)
    /// The edge refused or failed a run.
    case run(String)
    /// The models gave something that cannot be measured.
    case notMeasurable(String)
    /// A file of prompts, runs, scores or pictures, or a manifest, cannot be read or used.
    case damagedFile(path: String, reason: String)
    /// A file cannot be written.
    case notWritable(path: String, reason: String)
}

extension LabError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .invalidNetwork(let text, let reason): "the network '\(text)' cannot be used: \(reason)"
        case .invalidPlan(let reason), .relay(let reason), .program(let reason), .run(let reason),
            .notMeasurable(let reason):
            reason
        case .damagedFile(let path, let reason): "\(path) cannot be read: \(reason)"
        case .notWritable(let path, let reason): "\(path) cannot be written: \(reason)"
        }
    }
}
