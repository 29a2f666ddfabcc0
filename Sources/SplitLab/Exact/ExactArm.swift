public import Speculation

/// A draft that the exact lab tries.
public enum ExactLabDraft: String, Hashable, Sendable, Codable, CaseIterable {
    /// The draft network.
    case draft
    /// The verifier's last pictures; costs nothing.
    case held
    /// The verifier without the unconditional half of its guidance: half the work.
    case unguided
    /// The verifier with int8 weights.
    case int8
    /// The verifier with int4 weights.
    case int4
    /// The verifier without its middle quarter of blocks.
    case skipping

    /// As the report calls it.
    var title: String {
        switch self {
        case .draft: "tiny draft"
        case .held: "held pictures"
        case .unguided: "verifier, unguided"
        case .int8: "verifier, int8 weights"
        case .int4: "verifier, int4 weights"
        case .skipping: "verifier, blocks skipped"
        }
    }

    /// What a draft step costs in guided evaluations of the verifier, from the rows and blocks that are computed; nil for
    /// the draft network, whose share is measured.
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
        case .none: draft.title
        case .last: "\(draft.title) + last residual"
        case .ahead: "\(draft.title) + residuals ahead"
        }
    }

    /// The arms of the table.
    public static let standard: [ExactArm] = [
        ExactArm(.draft, .none), ExactArm(.draft, .last), ExactArm(.draft, .ahead),
        ExactArm(.held, .last), ExactArm(.held, .ahead),
        ExactArm(.unguided, .none), ExactArm(.unguided, .ahead),
        ExactArm(.skipping, .none), ExactArm(.int4, .none), ExactArm(.int8, .none),
    ]
}
