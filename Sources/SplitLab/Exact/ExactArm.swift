public import Speculation

/// A draft that the exact lab tries.
public enum ExactLabDraft: String, Hashable, Sendable, Codable, CaseIterable {
    /// The draft network.
    case draft = "tiny draft"
    /// The verifier's last pictures; costs nothing.
    case held = "held pictures"
    /// The verifier without the unconditional half of its guidance: half the work.
    case unguided = "verifier, unguided"
    /// The verifier with int8 weights.
    case int8 = "verifier, int8 weights"
    /// The verifier with int4 weights.
    case int4 = "verifier, int4 weights"
    /// The verifier without its middle quarter of blocks.
    case skipping = "verifier, blocks skipped"

    /// Rows of the verifier network that a step of the draft costs, in guided evaluations; nil for the draft network.
    var verifierShare: Double? {
        switch self {
        case .draft: nil
        case .held: 0
        case .unguided: 0.5
        case .int8, .int4: 1
        case .skipping: 0.75
        }
    }
}

/// One way to draft, with or without what the verifier's answers teach.
public struct ExactArm: Hashable, Sendable, Codable {
    public var draft: ExactLabDraft
    public var correction: ResidualCorrection

    public init(_ draft: ExactLabDraft, _ correction: ResidualCorrection) {
        self.draft = draft
        self.correction = correction
    }

    public var name: String {
        switch correction {
        case .none: draft.rawValue
        case .last: "\(draft.rawValue) + last residual"
        case .ahead: "\(draft.rawValue) + residuals ahead"
        }
    }

    /// The arms of the table.
    public static let standard: [ExactArm] = [
        ExactArm(.draft, .none), ExactArm(.draft, .last), ExactArm(.draft, .ahead),
        ExactArm(.held, .last), ExactArm(.held, .ahead),
        ExactArm(.unguided, .none), ExactArm(.unguided, .ahead),
        ExactArm(.skipping, .none), ExactArm(.skipping, .ahead),
        ExactArm(.int4, .none), ExactArm(.int8, .none), ExactArm(.int8, .ahead),
    ]
}
