/// The cost model's term for mode `exact` (ALGORITHMS.md §5 and §6): what a chain will take for either placement of the
/// draft and any window.
///
///     edge:      windows·RTT + Σ windows (L·τ_draft + pictures/up + τ_q(L) + residuals/down) + tail·τ_q(1) + …
///     verifier:  RTT        + Σ windows (L·τ_draft' + τ_q(L))                               + tail·τ_q(1) + …
///
/// The windows are expected ones: with a_n the acceptance of step n, a window of L from step n settles j < L steps with
/// probability a_n…a_{n+j−2}·(1 − a_{n+j−1}), else all L. Pure: everything that must be measured is given.
public struct ExactCost: Hashable, Sendable {
    /// a_n of each step that may be drafted, by `DraftErrorCurve`.
    public var acceptances: [Double]
    /// Steps after them, which the verifier takes alone.
    public var tailStepCount: Int
    /// One step of the draft on the edge; 0 for held drafts.
    public var edgeSecondsPerDraft: Double
    /// And where the verifier is.
    public var verifierSecondsPerDraft: Double
    public var verifier: VerifierPace
    /// Until the verifier begins.
    public var waitSeconds: Double
    public var network: NetworkEstimate
    public var isConnected: Bool
    /// A drafted step's coded picture on its way up.
    public var draftBytes: Double
    /// A residual on its way down.
    public var residualBytes: Double
    /// The finished picture.
    public var pictureBytes: Double
    public var correction: ResidualCorrection

    /// - Parameter elementCount: D, for the bytes of drafts and residuals.
    public init(
        acceptances: [Double], tailStepCount: Int, edgeSecondsPerDraft: Double, verifierSecondsPerDraft: Double,
        verifier: VerifierPace, waitSeconds: Double = 0, network: NetworkEstimate, isConnected: Bool = false,
        elementCount: Int, pictureBytes: Double, correction: ResidualCorrection
    ) {
        self.acceptances = acceptances
        self.tailStepCount = tailStepCount
        self.edgeSecondsPerDraft = edgeSecondsPerDraft
        self.verifierSecondsPerDraft = verifierSecondsPerDraft
        self.verifier = verifier
        self.waitSeconds = waitSeconds
        self.network = network
        self.isConnected = isConnected
        draftBytes = Self.draftBits * Double(elementCount) / 8
        residualBytes = Self.residualBits * Double(elementCount) / 8
        self.pictureBytes = pictureBytes
        self.correction = correction
    }

    /// A row more on a CPU as a share of the first: 425 ms for eight against 59.5 ms for one (Benchmarks/exact-mode.md).
    /// A graphics card that is not full takes far less; what it says of its own chains is learnt.
    public static let usualRowShare = 0.88

    /// Bits an element of what travels, over eight chains of the studio pair 0.8.0 (Benchmarks/exact-mode.md, over a
    /// network): of the bytes up for each drafted step, and of those down for each residual, of which a window has one
    /// and one more for every discarded step.
    public static let draftBits = 1.58
    public static let residualBits = 2.48

    /// What a chain costs whose windows are all of one length.
    ///
    /// - Parameters:
    ///   - placement: `edge`; anything else is the verifier.
    ///   - length: L, at least 1; at the tail a window is cut.
    public func prediction(_ placement: ExactPlacement, length: Int) -> ExactPrediction {
        precondition(length > 0, "a window of \(length) steps")
        // What is still to come from each step on, from the last one back.
        var ahead = [Expected](repeating: Expected(), count: acceptances.count + 1)
        for first in acceptances.indices.reversed() {
            ahead[first] = expectation(from: first, length: length, placement: placement, ahead: ahead)
        }
        let windows = ahead[0]
        let tail = Double(tailStepCount)
        // The job's own way: a connection, the request, the finished picture. Windows of an edge bring their round trips
        // along, of which the first counts here.
        let way = network.seconds(
            uploadBytes: PayloadEstimate.requestBytes, downloadBytes: pictureBytes, isConnected: isConnected)
        let shared = placement == .edge && !acceptances.isEmpty ? network.roundTripSeconds : 0
        return ExactPrediction(
            placement: placement == .edge ? .edge : .verifier, length: length, rounds: windows.rounds + tail,
            verifierEvaluations: windows.evaluations + tail,
            latency: waitSeconds + way - shared + windows.seconds + tail * verifier.secondsPerEvaluation
                + verifier.fixedSeconds)
    }

    /// The placement and window with the lowest latency among those that are asked for; the verifier's and the shorter
    /// where they are alike.
    public func best(placement: ExactPlacement = .auto, window: WindowPolicy = .auto) -> ExactPrediction {
        let placements = placement == .auto ? [ExactPlacement.verifier, .edge] : [placement]
        let lengths =
            switch window {
            case .auto: WindowPolicy.automaticLengths
            case .fixed(let length): [length]
            }
        var best = prediction(placements[0], length: lengths[0])
        for placement in placements {
            for length in lengths {
                let other = prediction(placement, length: length)
                if other.latency < best.latency { best = other }
            }
        }
        return best
    }

    /// Means over what a chain may do.
    private struct Expected {
        var rounds = 0.0
        var evaluations = 0.0
        var seconds = 0.0

        mutating func add(_ other: Expected, times probability: Double) {
            rounds += probability * other.rounds
            evaluations += probability * other.evaluations
            seconds += probability * other.seconds
        }
    }

    private func expectation(
        from first: Int, length: Int, placement: ExactPlacement, ahead: [Expected]
    ) -> Expected {
        let drafted = min(length, acceptances.count - first)
        var (expected, residuals, reaching) = (Expected(), 0.0, 1.0)
        for settled in 1...drafted {
            let isLast = settled == drafted
            let probability = reaching * (isLast ? 1 : 1 - acceptances[first + settled - 1])
            reaching *= acceptances[first + settled - 1]
            expected.add(ahead[first + settled], times: probability)
            // The edge always gets that of the last settled step, and with `ahead` those of the discarded ones.
            residuals += probability * (correction == .ahead ? Double(drafted - settled + 1) : 1)
        }
        let draft = placement == .edge ? edgeSecondsPerDraft : verifierSecondsPerDraft
        expected.rounds += 1
        expected.evaluations += Double(drafted)
        expected.seconds +=
            Double(drafted) * draft + verifier.seconds(ofBatch: Double(drafted), unknownShare: ExactCost.usualRowShare)
        if placement == .edge {
            expected.seconds += network.seconds(
                uploadBytes: PayloadEstimate.requestBytes + Double(drafted) * draftBytes,
                downloadBytes: residuals * residualBytes, isConnected: true)
        }
        return expected
    }
}

/// What a chain is expected to cost.
public struct ExactPrediction: Hashable, Sendable, Codable {
    public var placement: ExactPlacement
    /// L.
    public var length: Int
    /// Batches of the verifier one after another, the tail's included.
    public var rounds: Double
    public var verifierEvaluations: Double
    /// From the prompt to the picture, seconds.
    public var latency: Double

    public init(
        placement: ExactPlacement, length: Int, rounds: Double, verifierEvaluations: Double, latency: Double
    ) {
        self.placement = placement
        self.length = length
        self.rounds = rounds
        self.verifierEvaluations = verifierEvaluations
        self.latency = latency
    }
}
