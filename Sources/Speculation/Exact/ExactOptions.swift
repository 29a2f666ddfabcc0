/// What a job in mode `exact` says beyond the others.
public struct ExactOptions: Hashable, Sendable, Codable {
    /// N where nobody says more: a chain lays noise anew at every step, which few steps leave no time to clear, and its
    /// drafts pass by the shortness of a step.
    public static let standardStepCount = 25

    public var window: WindowPolicy
    /// Where drafts are made; never `auto` in a job.
    public var placement: ExactPlacement
    public var draft: ExactDraft
    public var correction: ResidualCorrection
    /// One window of an edge that drafts; nil in a job that the verifier runs by itself.
    public var exchange: WindowExchange?

    public init(
        window: WindowPolicy = .auto, placement: ExactPlacement = .verifier, draft: ExactDraft = .held,
        correction: ResidualCorrection = .ahead, exchange: WindowExchange? = nil
    ) {
        self.window = window
        self.placement = placement
        self.draft = draft
        self.correction = correction
        self.exchange = exchange
    }
}

/// A window on its way from an edge to the verifier.
///
/// The verifier keeps the chain's state between windows under the chain's name; a window is a job of its own, so that one
/// whose reply was lost is sent again like any job and gets the same reply.
public struct WindowExchange: Hashable, Sendable, Codable {
    public static let lengthLimit = WindowPolicy.allowedLengths.upperBound
    public static let indexLimit = 4096

    public var chain: JobID
    /// 0, 1, 2 …: the windows of a chain in order.
    public var index: Int
    /// n of the first drafted step.
    public var firstStep: Int
    /// x̂₀ of each drafted step, coded as its difference from the one before; empty if nothing is to be drafted.
    public var codedPictures: [[UInt8]]

    public init(chain: JobID, index: Int, firstStep: Int, codedPictures: [[UInt8]]) {
        self.chain = chain
        self.index = index
        self.firstStep = firstStep
        self.codedPictures = codedPictures
    }

    public var byteCount: Int { codedPictures.reduce(0) { $0 + $1.count } }
}

/// What the verifier says to a window after which the chain goes on.
public struct WindowVerdict: Hashable, Sendable {
    /// Accepted steps from the first on; if there are fewer than drafted, one exact step more was taken.
    public var acceptedCount: Int
    public var draftedCount: Int
    /// x̂₀_q − x̂₀_p, coded, from the state of the last settled step on: the first lets the edge follow a rejected step,
    /// the others are the discarded states that correction `ahead` learns from.
    public var codedResiduals: [[UInt8]]

    public init(acceptedCount: Int, draftedCount: Int, codedResiduals: [[UInt8]]) {
        self.acceptedCount = acceptedCount
        self.draftedCount = draftedCount
        self.codedResiduals = codedResiduals
    }

    public var settledCount: Int { min(acceptedCount + 1, draftedCount) }
    public var byteCount: Int { codedResiduals.reduce(0) { $0 + $1.count } }
}
