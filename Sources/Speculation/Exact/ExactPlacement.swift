/// Where the drafts of an exact chain are made.
public enum ExactPlacement: String, Hashable, Sendable, Codable, CaseIterable {
    /// Wherever the picture is expected first.
    case auto
    /// On the edge: a round trip for every window.
    case edge
    /// On the verifier's machine, which has the draft's weights too: one round trip in all.
    case verifier
}

/// Compares the two placements by the time to the picture (ALGORITHMS.md §7, exact mode only).
public struct ExactPlacementCost: Hashable, Sendable {
    /// Seconds of one step of the draft network.
    public var edgeDraftStep: Double
    public var verifierDraftStep: Double
    /// Seconds from sending a window to its verdict, without the verifier's work.
    public var roundTrip: Double
    /// Seconds that the bytes of one drafted step and its residual are on their way.
    public var transferPerStep: Double
    /// Seconds of the verifier for a batch: `verifierBatch` and, for each row, `verifierRow`.
    public var verifierBatch: Double
    public var verifierRow: Double

    public init(
        edgeDraftStep: Double, verifierDraftStep: Double, roundTrip: Double, transferPerStep: Double = 0,
        verifierBatch: Double, verifierRow: Double
    ) {
        self.edgeDraftStep = edgeDraftStep
        self.verifierDraftStep = verifierDraftStep
        self.roundTrip = roundTrip
        self.transferPerStep = transferPerStep
        self.verifierBatch = verifierBatch
        self.verifierRow = verifierRow
    }

    /// Seconds until all speculated steps are settled.
    ///
    /// - Parameters:
    ///   - steps: steps that may be drafted.
    ///   - length: L.
    ///   - acceptance: a of a drafted step.
    ///   - hasDraftNetwork: false for held drafts, which cost nothing.
    public func seconds(
        _ placement: ExactPlacement, steps: Int, length: Int, acceptance: Double, hasDraftNetwork: Bool = true
    ) -> Double {
        var (settled, power) = (0.0, 1.0)
        for _ in 0..<max(1, length) {
            settled += power
            power *= acceptance
        }
        let windows = (Double(steps) / settled).rounded(.up)
        let verify = verifierBatch + verifierRow * Double(length)
        switch placement {
        case .edge:
            return windows * (roundTrip + verify + Double(length) * (edgeDraftStep + transferPerStep))
        case .verifier, .auto:
            return roundTrip + windows * (verify + (hasDraftNetwork ? Double(length) * verifierDraftStep : 0))
        }
    }

    /// The placement that is expected to be done first; the verifier's where both are alike.
    public func choice(steps: Int, length: Int, acceptance: Double) -> ExactPlacement {
        let edge = seconds(.edge, steps: steps, length: length, acceptance: acceptance)
        let verifier = seconds(.verifier, steps: steps, length: length, acceptance: acceptance)
        return edge < verifier ? .edge : .verifier
    }
}
