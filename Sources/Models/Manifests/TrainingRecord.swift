/// How a model came to be, as far as its maker says; nothing is computed from it.
public struct TrainingRecord: Hashable, Sendable, Codable {
    /// SHA-256 of the data set's manifest.
    public let dataSet: String?
    public let samples: Int?
    public let hours: Double?
    public let metrics: [String: Double]?
    public let command: String?
    public let date: String?
}
