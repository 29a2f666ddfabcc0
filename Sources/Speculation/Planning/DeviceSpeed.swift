/// How fast a machine drafts one size of picture: τ_edge of the cost model (ALGORITHMS.md §6).
public struct DeviceSpeed: Hashable, Sendable, Codable {
    /// One step of the draft, guidance included.
    public var secondsPerStep: Double
    /// What every picture costs besides: reading the prompt and coding the hand-off.
    public var fixedSeconds: Double
    /// Latent to picture, for a picture that the draft finishes alone.
    public var decodeSeconds: Double

    public init(secondsPerStep: Double, fixedSeconds: Double, decodeSeconds: Double) {
        self.secondsPerStep = secondsPerStep
        self.fixedSeconds = fixedSeconds
        self.decodeSeconds = decodeSeconds
    }

    /// Whether the numbers can be those of a machine; a file from a disk may say anything.
    public var isPlausible: Bool {
        secondsPerStep > 0 && [secondsPerStep, fixedSeconds, decodeSeconds].allSatisfy(isDuration)
    }

    /// This speed after one more picture.
    ///
    /// One picture may have had a machine to share, so it counts little, and not at all if it says something else
    /// altogether.
    ///
    /// - Parameters:
    ///   - seconds: all that the picture took here.
    ///   - steps: steps that were drafted; too few of them tell nothing.
    ///   - isDecoded: whether the picture was decoded here too.
    public func updated(withSeconds seconds: Double, steps: Int, isDecoded: Bool) -> DeviceSpeed {
        guard steps >= DeviceSpeed.fewestSteps else { return self }
        let step = (seconds - fixedSeconds - (isDecoded ? decodeSeconds : 0)) / Double(steps)
        guard (0.25 * secondsPerStep...4 * secondsPerStep).contains(step) else { return self }
        var updated = self
        updated.secondsPerStep = 0.8 * secondsPerStep + 0.2 * step
        return updated
    }

    static let fewestSteps = 4
}

/// How fast a verifier works: τ_verifier of the cost model, as the verifier itself measures it.
public struct VerifierPace: Hashable, Sendable, Codable {
    /// One evaluation of the verifier network, guidance included.
    public var secondsPerEvaluation: Double
    /// What every picture costs besides: reading the prompt, decoding, writing the PNG.
    public var fixedSeconds: Double
    /// What one more row in a batch costs, as a share of an evaluation by itself: 1 on a processor that one row keeps
    /// busy, little on a large GPU. Nil while nothing was measured.
    public var rowShare: Double?

    public init(secondsPerEvaluation: Double, fixedSeconds: Double, rowShare: Double? = nil) {
        self.secondsPerEvaluation = secondsPerEvaluation
        self.fixedSeconds = fixedSeconds
        self.rowShare = rowShare
    }

    /// What a finished job says of the verifier's pace; nil if it took no evaluation but those of one batch, if others shared
    /// the verifier, and of a chain of mode `exact`, of which a stage is not a number of steps.
    ///
    /// Steps are evaluations of one row, the check is a batch: they are told apart, because a mean over both would be
    /// another one for every split.
    public init?(_ telemetry: VerificationTelemetry) {
        guard telemetry.verifierEvaluations > 0, !telemetry.hadCompany, telemetry.exact == nil else { return nil }
        let all =
            telemetry.stages.reduce(0) { $0 + $1.milliseconds } / 1e3
            - telemetry.seconds(of: VerificationTelemetry.preparationStage)
        let evaluating = telemetry.evaluationSeconds
        var (step, rowShare) = (evaluating / Double(telemetry.verifierEvaluations), Double?.none)
        let isReused = !telemetry.levels.isEmpty && telemetry.reentryStep > 0
        let steps = telemetry.verifierOnlyEvaluations - telemetry.reentryStep - (isReused ? 1 : 0)
        let rows = telemetry.verifierEvaluations - steps
        // Where the check's batch held every evaluation, nothing tells what one takes by itself.
        guard steps > 0 || rows <= 1 || !isReused else { return nil }
        // A job that stopped early, or a telemetry that does not add up, has only its mean.
        if steps > 0, rows == 0 || (rows > 0 && !telemetry.levels.isEmpty) {
            step = telemetry.seconds(of: "refine") / Double(steps)
            // One batch, if the draft passed at once: what was asked of the prompt and the hand-off.
            if rows > 1, step > 0, isReused, telemetry.levels.allSatisfy(\.passes) {
                rowShare = (telemetry.seconds(of: "check") / step - 1) / Double(rows - 1)
            }
        }
        self.init(
            secondsPerEvaluation: step, fixedSeconds: max(0, all - evaluating),
            rowShare: rowShare.map { min(max($0, 0), VerifierPace.largestRowShare) })
        guard isPlausible else { return nil }
    }

    /// A row costs hardly more in a batch than by itself.
    public static let largestRowShare = 2.0

    /// What a finished chain of mode `exact` says of a row more in a batch; nil if it says nothing of it: only a chain that
    /// drafted nothing itself spent all its time in the verifier.
    public func rowShare(shownBy telemetry: VerificationTelemetry) -> Double? {
        guard let exact = telemetry.exact, exact.placement == .verifier, exact.draftEvaluations == 0,
            exact.verifierEvaluations > exact.rounds, isPlausible
        else { return nil }
        let further = telemetry.seconds(of: "chain") / secondsPerEvaluation - Double(exact.rounds)
        let share = further / Double(exact.verifierEvaluations - exact.rounds)
        return share.isFinite ? min(max(share, 0), VerifierPace.largestRowShare) : nil
    }

    /// Seconds of one batch.
    ///
    /// - Parameter unknownShare: what one more row counts while it was not measured.
    public func seconds(ofBatch rows: Double, unknownShare: Double = 1) -> Double {
        secondsPerEvaluation * (1 + (rowShare ?? unknownShare) * max(0, rows - 1))
    }

    /// Whether the numbers can be those of a machine; what comes from a network may say anything.
    public var isPlausible: Bool {
        secondsPerEvaluation > 0 && [secondsPerEvaluation, fixedSeconds].allSatisfy(isDuration)
            && (rowShare.map { (0...VerifierPace.largestRowShare).contains($0) } ?? true)
    }

    /// The share of the newest job in a pace that follows jobs.
    static let newestShare = 0.2

    /// This pace with that of a newer job mixed in.
    public func blended(with newer: VerifierPace) -> VerifierPace {
        let weight = VerifierPace.newestShare
        func mixed(_ old: Double, _ new: Double) -> Double { (1 - weight) * old + weight * new }
        let rowShare =
            if let rowShare, let newer = newer.rowShare { mixed(rowShare, newer) } else { rowShare ?? newer.rowShare }
        return VerifierPace(
            secondsPerEvaluation: mixed(secondsPerEvaluation, newer.secondsPerEvaluation),
            fixedSeconds: mixed(fixedSeconds, newer.fixedSeconds), rowShare: rowShare)
    }
}

/// Whether a number is a time that a stage can take: not negative, not NaN, less than a day.
func isDuration(_ seconds: Double) -> Bool {
    seconds >= 0 && seconds <= 86_400
}
