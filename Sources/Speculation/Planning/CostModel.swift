public import Diffusion

/// The cost model of ALGORITHMS.md §6: what a picture will take for each whole step at which it may be handed over.
///
///     T(f) = f·N·τ_edge + bytes/up + round trips + wait + (K + n_refine(f))·τ_verifier + decode + picture/down
///
/// Pure: everything that must be measured is given.
public struct CostModel: Hashable, Sendable {
    /// The draft's.
    public var schedule: FlowSchedule
    /// N of the verifier's schedule.
    public var verifierStepCount: Int
    public var mode: SpeculationMode
    /// The verifier's check, for how many rows a draft that passes costs; nil without one.
    public var rule: CheckRule?
    public var edge: DeviceSpeed
    public var verifier: VerifierPace
    /// Until the verifier begins.
    public var waitSeconds: Double
    public var network: NetworkEstimate
    public var payload: PayloadEstimate
    /// Measured on the pair in this mode; without it drafts are expected to pass, and nothing is known of the loss.
    public var quality: QualityCurve?
    /// Whether a connection to the verifier is open already.
    public var isConnected = false
    /// What a question about the prompt costs the verifier, in evaluations (`FlowAnswers.evaluationCount`).
    public var evaluationsPerPromptQuestion = 1

    public init(
        schedule: FlowSchedule, verifierStepCount: Int? = nil, mode: SpeculationMode, rule: CheckRule?,
        edge: DeviceSpeed, verifier: VerifierPace, waitSeconds: Double, network: NetworkEstimate,
        payload: PayloadEstimate, quality: QualityCurve?
    ) {
        self.schedule = schedule
        self.verifierStepCount = verifierStepCount ?? schedule.stepCount
        self.mode = mode
        self.rule = rule
        self.edge = edge
        self.verifier = verifier
        self.waitSeconds = waitSeconds
        self.network = network
        self.payload = payload
        self.quality = quality
    }

    /// What a hand-off after step n costs.
    ///
    /// - Parameter handoffStep: n, 0…N: 0 is the verifier alone, N the draft alone.
    public func prediction(handoffStep: Int) -> SplitPrediction {
        precondition((0...schedule.stepCount).contains(handoffStep), "no hand-off at step \(handoffStep)")
        let fraction = Double(handoffStep) / Double(schedule.stepCount)
        var prediction = SplitPrediction(
            handoffStep: handoffStep, fraction: fraction,
            // Without a draft there is nothing to read or to code here.
            edgeSeconds: handoffStep == 0 ? 0 : edge.fixedSeconds + Double(handoffStep) * edge.secondsPerStep,
            loss: handoffStep == 0 ? 0 : quality?.loss(at: fraction))
        guard handoffStep < schedule.stepCount else {
            prediction.edgeSeconds += edge.decodeSeconds
            return prediction
        }
        prediction.networkSeconds = network.seconds(
            uploadBytes: PayloadEstimate.requestBytes + (handoffStep > 0 ? payload.latentBytes : 0),
            downloadBytes: payload.pictureBytes, isConnected: isConnected)
        prediction.waitSeconds = waitSeconds
        prediction.verifierEvaluations = evaluations(handoffStep: handoffStep, fraction: fraction)
        let batched = min(promptEvaluations(at: schedule.times[handoffStep]), prediction.verifierEvaluations)
        prediction.verifierSeconds =
            verifier.fixedSeconds + (prediction.verifierEvaluations - batched) * verifier.secondsPerEvaluation
            + verifier.seconds(ofBatch: batched + 1) - verifier.secondsPerEvaluation
        return prediction
    }

    /// Evaluations that share the batch of another one: those that the check asks about the prompt.
    private func promptEvaluations(at handoffTime: Double) -> Double {
        guard mode == .handoff, handoffTime < 1, let prompt = rule?.prompt(at: handoffTime) else { return 0 }
        // A critic answers for the verifier.
        return prompt.statistic == .promptDoubt ? 0 : Double(prompt.times.count * evaluationsPerPromptQuestion)
    }

    /// K + n_refine(f): what the pair was measured to need at these steps, else what drafts need by how many pass.
    private func evaluations(handoffStep: Int, fraction: Double) -> Double {
        guard handoffStep > 0 else { return Double(verifierStepCount) }
        if let quality, quality.isOf(StepCounts(draft: schedule.stepCount, verifier: verifierStepCount)) {
            return quality.evaluationShare(at: fraction) * Double(verifierStepCount)
        }
        guard let plan = plan(handoffStep) else { return Double(verifierStepCount) }
        let costs = costs(of: plan)
        let share = droppedShare(of: plan, fraction: fraction)
        return (1 - share) * costs.passed + share * costs.dropped
    }

    /// Evaluations for a draft that passes at once, and for one that does not at all.
    private func costs(of plan: HandoffPlan) -> (passed: Double, dropped: Double) {
        let left = Double(plan.verifierSteps.count)
        guard mode == .handoff else { return (left, left) }
        let asked = promptEvaluations(at: plan.handoffTime)
        // The hand-off's own evaluation serves as that of the first refining step; those about the prompt come on top.
        // What a critic drops, the verifier is not asked about.
        let wasted = rule?.prompt(at: plan.handoffTime)?.statistic == .promptDoubt ? 0.0 : 1
        return (asked + left, asked + wasted + Double(plan.verifierSchedule.stepCount))
    }

    /// How many drafts do not pass: by a curve of other steps, which says what was spent; without one, all that are so
    /// unfinished that their prompt is not asked about, and none of the others.
    private func droppedShare(of plan: HandoffPlan, fraction: Double) -> Double {
        guard mode == .handoff else { return 0 }
        if let quality, let counts = quality.stepCounts,
            let schedule = try? FlowSchedule(stepCount: counts.draft, shift: schedule.shift),
            let measured = try? HandoffPlan(
                schedule: schedule, verifierStepCount: counts.verifier, fraction: fraction)
        {
            let (passed, dropped) = costs(of: measured)
            let spent = quality.evaluationShare(at: fraction) * Double(counts.verifier)
            return dropped > passed ? min(max((spent - passed) / (dropped - passed), 0), 1) : 0
        }
        return rule?.prompt != nil && rule?.prompt(at: plan.handoffTime) == nil ? 1 : 0
    }

    /// Nil where the verifier cannot go on from a draft: it takes a single step.
    private func plan(_ handoffStep: Int) -> HandoffPlan? {
        try? HandoffPlan(schedule: schedule, verifierStepCount: verifierStepCount, handoffStep: handoffStep)
    }

    /// The cheapest split that keeps the bound.
    ///
    /// The verifier alone always keeps it. Of equally good splits that with less work for the verifier wins.
    public func best(_ objective: SplitObjective = .latency, within bound: SplitBound = .standard) -> SplitPrediction {
        let candidates = (0...schedule.stepCount).map(prediction).filter { allows($0, bound) }
        let cost = { (prediction: SplitPrediction) in
            switch objective {
            case .latency: (prediction.latency, prediction.verifierSeconds)
            case .verifierSeconds: (prediction.verifierSeconds, prediction.latency)
            }
        }
        return candidates.min { cost($0) < cost($1) } ?? prediction(handoffStep: 0)
    }

    /// The hand-off steps that keep a bound.
    public func allowedSteps(within bound: SplitBound) -> [Int] {
        (0...schedule.stepCount).filter { allows(prediction(handoffStep: $0), bound) }
    }

    private func allows(_ prediction: SplitPrediction, _ bound: SplitBound) -> Bool {
        guard prediction.handoffStep > 0 else { return true }
        guard plan(prediction.handoffStep) != nil else { return false }
        guard let quality, let loss = prediction.loss, quality.covers(prediction.fraction) else {
            return prediction.fraction <= bound.fractionWithoutMeasurement
        }
        return loss <= bound.loss ?? quality.loss(at: bound.fractionWithoutMeasurement)
    }
}

/// What `CostModel.best` makes small.
public enum SplitObjective: String, Hashable, Sendable, Codable, CaseIterable {
    /// Seconds until the picture is there.
    case latency
    /// Seconds that the verifier computes: what a shared server has least of.
    case verifierSeconds = "verifier-seconds"
}

/// How much quality a split may cost.
public struct SplitBound: Hashable, Sendable {
    /// The largest mean loss; nil: that of the standard hand-off on the pair's own curve.
    public var loss: Double?
    /// The largest share for the draft where nothing was measured.
    public var fractionWithoutMeasurement: Double

    public init(loss: Double? = nil, fractionWithoutMeasurement: Double = SplitBound.standardFraction) {
        self.loss = loss
        self.fractionWithoutMeasurement = fractionWithoutMeasurement
    }

    /// The hand-off that is used when nobody asks for another.
    public static let standardFraction = 0.8
    public static let standard = SplitBound()
}

/// What one split is expected to cost, by who spends it.
public struct SplitPrediction: Hashable, Sendable, Codable {
    /// n: the draft's steps.
    public var handoffStep: Int
    /// n/N.
    public var fraction: Double
    public var edgeSeconds: Double
    public var networkSeconds = 0.0
    public var waitSeconds = 0.0
    public var verifierSeconds = 0.0
    public var verifierEvaluations = 0.0
    /// Mean loss against the verifier alone; nil where it was not measured.
    public var loss: Double?

    public init(handoffStep: Int, fraction: Double, edgeSeconds: Double, loss: Double?) {
        self.handoffStep = handoffStep
        self.fraction = fraction
        self.edgeSeconds = edgeSeconds
        self.loss = loss
    }

    /// From the prompt to the picture.
    public var latency: Double { edgeSeconds + networkSeconds + waitSeconds + verifierSeconds }
}
