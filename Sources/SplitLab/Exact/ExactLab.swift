import Diffusion
import Foundation
public import Graphs
public import Models
public import Speculation
import VerifierRuntime

/// Measures exact mode on a pair: how near drafts are to the verifier, and what windows of them save.
public final class ExactLab {
    public struct Settings: Sendable {
        /// Prompts with their seeds.
        public var prompts: [(prompt: String, seed: UInt64)]
        public var stepCounts: [Int]
        public var windows: [WindowPolicy]
        public var arms: [ExactArm]
        public var handoffFraction: Double
        public var guidanceScale: Float
        /// Latents in each set of the test of the law; 0 for no test.
        public var lawSamples: Int

        public init(
            prompts: [(prompt: String, seed: UInt64)], stepCounts: [Int], windows: [WindowPolicy], arms: [ExactArm],
            handoffFraction: Double, guidanceScale: Float, lawSamples: Int = 0
        ) {
            self.prompts = prompts
            self.stepCounts = stepCounts
            self.windows = windows
            self.arms = arms
            self.handoffFraction = handoffFraction
            self.guidanceScale = guidanceScale
            self.lawSamples = lawSamples
        }
    }

    /// What one chain showed.
    private struct Run {
        var latent: Latent
        var telemetry: ExactTelemetry
        /// Of each judged step: n, ‖Δ‖ and whether it was accepted.
        var judged: [(step: Int, distance: Double, isAccepted: Bool)]
    }

    private let models: ModelPair
    private let backend: any Backend
    private let shape: LatentShape
    private let text: StudioText
    private let verifier: StudioDenoiser
    private var drafts: [ExactLabDraft: StudioDenoiser] = [:]

    /// - Parameter size: of the pictures.
    /// - Throws: `ModelError`, or what the backend throws.
    public init(models: ModelPair, backend: any Backend, size: PictureSize) throws {
        self.models = models
        self.backend = backend
        shape = try models.verifier.latentShape(for: size)
        text = try models.shared.text(on: backend)
        verifier = try models.verifier.denoiser(on: backend)
    }

    /// Runs all chains.
    ///
    /// - Parameter progress: is told what is done.
    /// - Throws: what the models throw, or `progress`.
    public func run(_ settings: Settings, progress: (String) throws -> Void) throws -> ExactLabReport {
        var report = ExactLabReport(
            draftModel: models.draft.id, verifierModel: models.verifier.id, guidanceScale: settings.guidanceScale,
            elementCount: shape.elementCount, handoffFraction: settings.handoffFraction,
            promptCount: settings.prompts.count, distances: [], costs: [], draftMilliseconds: 0,
            verifierMilliseconds: [:])
        try measureTimes(settings, into: &report)
        let draftShare = report.draftMilliseconds / (report.verifierMilliseconds["1"] ?? .infinity)
        for arm in settings.arms {
            for stepCount in settings.stepCounts {
                let schedule = try models.verifier.manifest.schedule.times(stepCount: stepCount)
                var byWindow = settings.windows.map { _ in [ExactTelemetry]() }
                var judged: [(step: Int, distance: Double, isAccepted: Bool)] = []
                for (prompt, seed) in settings.prompts {
                    let plan = ExactPlan(
                        schedule: schedule, tailStep: schedule.handoffStep(fraction: settings.handoffFraction),
                        seed: seed, shape: shape)
                    // Without correction a draft looks at its state alone, so the chain is the same for any window.
                    let one = arm.correction == .none ? try chain(arm, plan, .fixed(1), prompt, settings) : nil
                    for (i, window) in settings.windows.enumerated() {
                        let run =
                            try one.map {
                                Run(
                                    latent: $0.latent, telemetry: Self.telemetry(of: $0, window, plan),
                                    judged: $0.judged)
                            }
                            ?? chain(arm, plan, window, prompt, settings)
                        byWindow[i].append(run.telemetry)
                        if i == settings.windows.count - 1 { judged += run.judged }
                    }
                }
                for (window, telemetries) in zip(settings.windows, byWindow) {
                    report.costs.append(
                        Self.cost(
                            arm, stepCount, window, telemetries, draftShare: arm.draft.verifierShare ?? draftShare))
                }
                report.distances += distances(arm, schedule, judged)
                try progress("\(arm.name), N = \(stepCount)")
            }
        }
        if settings.lawSamples > 0, let stepCount = settings.stepCounts.min() {
            report.law = try law(settings, stepCount: stepCount, progress: progress)
        }
        return report
    }

    /// Compares sets of final latents of the first prompt, each set from seeds of its own.
    ///
    /// The verifier's own chains twice: how far sets of one law are apart. Each arm against them, with longer windows of
    /// the settings. And the tiny draft with a rule that accepts all, which the test has to find.
    private func law(
        _ settings: Settings, stepCount: Int, progress: (String) throws -> Void
    ) throws -> [ExactLabReport.Law] {
        guard let prompt = settings.prompts.first?.prompt, let window = settings.windows.last else { return [] }
        let schedule = try models.verifier.manifest.schedule.times(stepCount: stepCount)
        var nextSeed: UInt64 = 10_000
        let latents = { (arm: ExactArm?, coupling: any SpeculativeCoupling) in
            let tailStep = arm == nil ? 0 : schedule.handoffStep(fraction: settings.handoffFraction)
            return try (0..<settings.lawSamples).map { _ in
                nextSeed += 1
                let plan = ExactPlan(schedule: schedule, tailStep: tailStep, seed: nextSeed, shape: self.shape)
                return try self.chain(arm ?? ExactArm(.held, .last), plan, window, prompt, settings, coupling).latent
            }
        }
        let own = try latents(nil, ReflectionCoupling())
        var results: [ExactLabReport.Law] = []
        func compare(_ name: String, _ arm: ExactArm?, _ coupling: any SpeculativeCoupling) throws {
            let test = EnergyTest(own, try latents(arm, coupling))
            results.append(
                .init(
                    name: name, stepCount: stepCount, samples: settings.lawSamples,
                    energyDistance: test.distance, probability: test.probability))
            try progress("law of \(name)")
        }
        try compare("the verifier alone, other seeds", nil, ReflectionCoupling())
        for arm in settings.arms { try compare(arm.name, arm, ReflectionCoupling()) }
        try compare("tiny draft, all accepted (must be found)", ExactArm(.draft, .none), CredulousCoupling())
        return results
    }

    private func chain(
        _ arm: ExactArm, _ plan: ExactPlan, _ window: WindowPolicy, _ prompt: String, _ settings: Settings,
        _ coupling: some SpeculativeCoupling = ReflectionCoupling()
    ) throws -> Run {
        let sampler = ExactSampler(
            plan: plan, window: window, draft: arm.draft == .held ? .held : .model, correction: arm.correction,
            coupling: coupling)
        let conditioning = try text.encode(prompt).conditioning
        let unconditional = try text.unconditional()
        var verifying = PaddedDenoiser(
            base: PromptedDenoiser(
                verifier, prompt: conditioning, unconditional: unconditional,
                guidance: Double(settings.guidanceScale)))
        var drafting = PromptedDenoiser(
            try draft(arm.draft), prompt: conditioning, unconditional: unconditional,
            guidance: arm.draft == .unguided ? 1 : Double(settings.guidanceScale))
        var judged: [(step: Int, distance: Double, isAccepted: Bool)] = []
        let (latent, telemetry) = try sampler.run(
            drafting: &drafting, verifying: &verifying,
            settled: { window in
                for (i, distance) in window.distances.enumerated() {
                    judged.append((window.firstStep + i, distance, i < window.acceptedCount))
                }
            })
        return Run(latent: latent, telemetry: telemetry, judged: judged)
    }

    /// The network that draws an arm's drafts; for held drafts any will do, it is not asked.
    private func draft(_ draft: ExactLabDraft) throws -> StudioDenoiser {
        if let known = drafts[draft] { return known }
        let blocks = models.verifier.manifest.architecture.layerCount
        let made =
            switch draft {
            case .draft: try models.draft.denoiser(on: backend)
            case .held, .unguided: verifier
            case .int8: try twin(.integers(bits: 8))
            case .int4: try twin(.integers(bits: 4))
            case .skipping: try twin(.skippedBlocks(Set(blocks * 3 / 8..<max(blocks * 5 / 8, blocks * 3 / 8 + 1))))
            }
        drafts[draft] = made
        return made
    }

    private func twin(_ rewriting: WeightRewriting) throws(ModelError) -> StudioDenoiser {
        try models.verifier.denoiser(on: RewritingBackend(base: backend, rewriting: rewriting))
    }

    /// The windows of a chain that was judged step by step, had they been longer.
    private static func telemetry(of run: Run, _ window: WindowPolicy, _ plan: ExactPlan) -> ExactTelemetry {
        var telemetry = ExactTelemetry(placement: .verifier)
        var history = WindowHistory()
        var (step, drafted, accepted) = (0, 0, 0)
        while step < plan.tailStep {
            let length = window.nextLength(
                after: history, rowCost: ResidualCorrection.none.rowCost, limit: plan.tailStep - step)
            let count = run.judged[step..<step + length].prefix(while: \.isAccepted).count
            history.add(accepted: count, drafted: length)
            telemetry.rounds += 1
            telemetry.windows += 1
            drafted += length
            accepted += count
            telemetry.draftEvaluations += length
            telemetry.verifierEvaluations += length
            step += min(count + 1, length)
        }
        telemetry.setSteps(drafted: drafted, judged: plan.tailStep, accepted: accepted)
        telemetry.tailSteps = plan.stepCount - plan.tailStep
        telemetry.rounds += telemetry.tailSteps
        telemetry.verifierEvaluations += telemetry.tailSteps
        return telemetry
    }

    private static func cost(
        _ arm: ExactArm, _ stepCount: Int, _ window: WindowPolicy, _ telemetries: [ExactTelemetry],
        draftShare: Double
    ) -> ExactLabReport.Cost {
        let count = Double(max(1, telemetries.count))
        let mean = { (value: (ExactTelemetry) -> Double) in telemetries.reduce(0) { $0 + value($1) } / count }
        return ExactLabReport.Cost(
            arm: arm.name, stepCount: stepCount, window: window.description,
            tailSteps: mean { Double($0.tailSteps) }, rounds: mean { Double($0.rounds) },
            verifierEvaluations: mean { Double($0.verifierEvaluations) },
            draftEvaluations: mean { Double($0.draftEvaluations) }, acceptanceRate: mean(\.acceptanceRate),
            draftShare: draftShare)
    }

    /// Means over four equal parts of the drafted steps.
    private func distances(
        _ arm: ExactArm, _ schedule: FlowSchedule, _ judged: [(step: Int, distance: Double, isAccepted: Bool)]
    ) -> [ExactLabReport.Distance] {
        let end = (judged.map(\.step).max() ?? 0) + 1
        return (0..<4).compactMap { part in
            let steps = end * part / 4..<end * (part + 1) / 4
            let rows = judged.filter { steps.contains($0.step) }
            guard !rows.isEmpty else { return nil }
            let mean = { (value: (Int, Double, Bool) -> Double) in
                rows.reduce(0) { $0 + value($1.step, $1.distance, $1.isAccepted) } / Double(rows.count)
            }
            let root = Double(shape.elementCount).squareRoot()
            return ExactLabReport.Distance(
                arm: arm.name, stepCount: schedule.stepCount, time: mean { n, _, _ in schedule.times[n] },
                r: mean { n, distance, _ in
                    let kernel = AncestralKernel(from: schedule.times[n], to: schedule.times[n + 1], eta: 1)
                    return distance * kernel.sigma / (kernel.time * kernel.pictureShare * root)
                }, delta: mean { _, distance, _ in distance },
                predictedAcceptance: mean { _, distance, _ in ExactLabReport.predictedAcceptance(distance) },
                measuredAcceptance: mean { _, _, isAccepted in isAccepted ? 1 : 0 }, judgedSteps: rows.count)
        }
    }

    /// The fastest of a few evaluations each.
    private func measureTimes(_ settings: Settings, into report: inout ExactLabReport) throws {
        guard let first = settings.prompts.first else { return }
        let conditioning = try text.encode(first.prompt).conditioning
        let state = NoiseGenerator(seed: first.seed).latent(shape, stream: 0)
        let milliseconds = { (denoiser: StudioDenoiser, rows: Int) in
            var model = PromptedDenoiser(
                denoiser, prompt: conditioning, unconditional: try self.text.unconditional(),
                guidance: Double(settings.guidanceScale))
            return try (0..<5).map { _ in
                let start = ContinuousClock.now
                _ = try model.velocities(
                    Array(repeating: state, count: rows), at: Array(repeating: 1, count: rows))
                return 1e3 * (ContinuousClock.now - start).inSeconds
            }.min() ?? 0
        }
        report.draftMilliseconds = try milliseconds(draft(.draft), 1)
        for rows in WindowPolicy.automaticLengths {
            report.verifierMilliseconds["\(rows)"] = try milliseconds(verifier, rows)
        }
    }
}
