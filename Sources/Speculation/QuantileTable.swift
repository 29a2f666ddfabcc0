/// A measured distribution, as its values at a few probabilities.
public struct QuantileTable: Hashable, Sendable {
    /// What a calibration stores.
    public static let probabilities = [0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99]

    /// Rising, one for each of `probabilities`.
    public let values: [Double]

    /// Nil unless there is one finite value for each probability and none falls.
    public init?(values: [Double]) {
        guard values.count == Self.probabilities.count, values.allSatisfy(\.isFinite),
            zip(values, values.dropFirst()).allSatisfy({ $0 <= $1 })
        else { return nil }
        self.values = values
    }

    /// The quantiles of a sample, on the straight line between its order statistics.
    ///
    /// Nil for an empty sample or one with a value that is not finite.
    public init?(of sample: [Double]) {
        guard !sample.isEmpty, sample.allSatisfy(\.isFinite) else { return nil }
        let sorted = sample.sorted()
        values = Self.probabilities.map { probability in
            let place = probability * Double(sorted.count - 1)
            let below = Int(place)
            let above = min(below + 1, sorted.count - 1)
            return sorted[below] + (place - Double(below)) * (sorted[above] - sorted[below])
        }
    }

    /// The value below which a share of the distribution lies: on the line through the stored ones, flat outside them.
    public func value(at probability: Double) -> Double {
        PiecewiseLinear(Self.probabilities, values).value(at: probability)
    }

    /// The share of the distribution below a value; 0.01 and 0.99 are the least and the most it can tell.
    public func probability(of value: Double) -> Double {
        PiecewiseLinear(values, Self.probabilities).value(at: value)
    }
}

extension QuantileTable: Codable {
    public init(from decoder: any Decoder) throws {
        let values = try decoder.singleValueContainer().decode([Double].self)
        guard let table = QuantileTable(values: values) else {
            throw DecodingError.dataCorrupted(
                .init(
                    codingPath: decoder.codingPath,
                    debugDescription: "not \(Self.probabilities.count) finite values that do not fall"))
        }
        self = table
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(values)
    }
}
