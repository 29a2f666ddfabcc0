/// The `check` section of a verifier's manifest, which may be of a build that checks otherwise.
public enum CheckSection: Hashable, Sendable {
    case calibrated(CheckCalibration)
    /// Of a rule or a version that this build does not compute. The model can be used all the same.
    case unknown(rule: String, version: Int)

    /// What is wrong with it, in words; nil if nothing is.
    public var fault: String? {
        if case .calibrated(let calibration) = self { calibration.fault } else { nil }
    }

    public var calibration: CheckCalibration? {
        if case .calibrated(let calibration) = self { calibration } else { nil }
    }
}

extension CheckSection: Codable {
    private enum CodingKeys: String, CodingKey {
        case rule, version, statistic
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        // The first manifests named one statistic and had no version.
        let rule =
            try container.decodeIfPresent(String.self, forKey: .statistic)
            ?? container.decode(String.self, forKey: .rule)
        let version = try container.decodeIfPresent(Int.self, forKey: .version) ?? 0
        self =
            CheckCalibration.promptStatistic(of: rule) != nil && version == CheckCalibration.knownVersion
            ? .calibrated(try CheckCalibration(from: decoder)) : .unknown(rule: rule, version: version)
    }

    public func encode(to encoder: any Encoder) throws {
        switch self {
        case .calibrated(let calibration):
            try calibration.encode(to: encoder)
        case .unknown(let rule, let version):
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(rule, forKey: .rule)
            try container.encode(version, forKey: .version)
        }
    }
}
