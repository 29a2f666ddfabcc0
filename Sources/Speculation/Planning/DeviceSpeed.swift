/// How fast a machine drafts one size of picture: τ_edge of the cost model (ALGORITHMS.md §7).
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
}

/// How fast a verifier works: τ_cloud of the cost model, as the verifier itself measures it.
public struct VerifierPace: Hashable, Sendable, Codable {
    /// One evaluation of the verifier network, guidance included.
    public var secondsPerEvaluation: Double
    /// What every picture costs besides: reading the prompt, decoding, writing the PNG.
    public var fixedSeconds: Double

    public init(secondsPerEvaluation: Double, fixedSeconds: Double) {
        self.secondsPerEvaluation = secondsPerEvaluation
        self.fixedSeconds = fixedSeconds
    }

    /// What a finished job says of the verifier's pace; nil if it took no evaluation.
    public init?(_ telemetry: VerificationTelemetry) {
        guard telemetry.verifierEvaluations > 0 else { return nil }
        let evaluating = telemetry.evaluationSeconds
        let all = telemetry.stages.reduce(0) { $0 + $1.milliseconds } / 1e3
        self.init(
            secondsPerEvaluation: evaluating / Double(telemetry.verifierEvaluations),
            fixedSeconds: max(0, all - evaluating))
        guard isPlausible else { return nil }
    }

    /// Whether the numbers can be those of a machine; what comes from a network may say anything.
    public var isPlausible: Bool {
        secondsPerEvaluation > 0 && [secondsPerEvaluation, fixedSeconds].allSatisfy(isDuration)
    }

    /// This pace with a newer one mixed in.
    ///
    /// - Parameter weight: the newer one's share, 0…1.
    public func blended(with newer: VerifierPace, weight: Double) -> VerifierPace {
        VerifierPace(
            secondsPerEvaluation: (1 - weight) * secondsPerEvaluation + weight * newer.secondsPerEvaluation,
            fixedSeconds: (1 - weight) * fixedSeconds + weight * newer.fixedSeconds)
    }
}

/// Whether a number is a time that a stage can take: not negative, not NaN, less than a day.
func isDuration(_ seconds: Double) -> Bool {
    seconds >= 0 && seconds <= 86_400
}
