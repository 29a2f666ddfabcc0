public import Speculation

/// How a model came to be, as far as its maker says. Pictures do not depend on it; the cost model reads the draft's error.
public struct TrainingRecord: Hashable, Sendable, Codable {
    /// SHA-256 of the data set's manifest.
    public let dataSet: String?
    public let samples: Int?
    public let hours: Double?
    /// Measured figures by name; those of a group are named `group.figure`.
    public let metrics: [String: Double]
    /// r(t) of a draft against its verifier, of `metrics.velocityGap.steps`; empty where it was not measured.
    public let velocityGap: [DraftErrorCurve.Point]
    public let command: String?
    public let date: String?

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        dataSet = try container.decodeIfPresent(String.self, forKey: .dataSet)
        samples = try container.decodeIfPresent(Int.self, forKey: .samples)
        hours = try container.decodeIfPresent(Double.self, forKey: .hours)
        metrics = try container.decodeIfPresent(Figure.self, forKey: .metrics)?.byName(prefix: "") ?? [:]
        velocityGap =
            (try? container.decodeIfPresent(Gaps.self, forKey: .metrics))?.velocityGap?.steps ?? []
        command = try container.decodeIfPresent(String.self, forKey: .command)
        date = try container.decodeIfPresent(String.self, forKey: .date)
    }

    private struct Gaps: Decodable {
        struct Gap: Decodable {
            let steps: [DraftErrorCurve.Point]?
        }

        let velocityGap: Gap?
    }

    /// A number, a group of figures, or something that is neither and is left out.
    private indirect enum Figure: Decodable {
        case number(Double)
        case group([String: Figure])
        case other

        init(from decoder: any Decoder) throws {
            if let group = try? [String: Figure](from: decoder) {
                self = .group(group)
            } else if let number = try? decoder.singleValueContainer().decode(Double.self) {
                self = .number(number)
            } else {
                self = .other
            }
        }

        /// Names that are longer are no names; joined, those of a small file could fill the memory.
        private static let longestName = 256

        func byName(prefix: String) -> [String: Double] {
            switch self {
            case .number(let number): [prefix: number]
            case .group(let group):
                group.reduce(into: [:]) { figures, member in
                    let name = prefix.isEmpty ? member.key : prefix + "." + member.key
                    guard name.utf8.count <= Figure.longestName else { return }
                    figures.merge(member.value.byName(prefix: name)) { first, _ in first }
                }
            case .other: [:]
            }
        }
    }
}
