import Diffusion
import ExactTestSupport
import Speculation
import Testing

/// Whole chains: what speculation makes has the law of the verifier's own chain.
@Suite struct ChainLawTests {
    static let verifier = SmallMixture(centre: 1.5, deviation: 0.3)
    /// Another mixture, and pictures off by 0.35 an element: about half of its steps are rejected.
    static let draft = SmallMixture(centre: 1, deviation: 0.5, offset: 0.35)
    static let chains = 700

    static func plan(seed: UInt64, steps: Int = 10) throws -> ExactPlan {
        ExactPlan(
            schedule: try FlowSchedule(stepCount: steps, shift: 3), tailStep: steps - 2, seed: seed,
            shape: SmallMixture.shape)
    }

    /// Where chains from consecutive seeds end.
    static func ends(
        firstSeed: UInt64, verifier: SmallMixture = verifier, draft: SmallMixture? = draft,
        window: WindowPolicy = .fixed(4), drafts: ExactDraft = .model, correction: ResidualCorrection = .none,
        by coupling: some SpeculativeCoupling = ReflectionCoupling()
    ) throws -> (latents: [Latent], acceptance: Double) {
        var latents: [Latent] = []
        var (accepted, judged) = (0, 0)
        for seed in 0..<UInt64(chains) {
            let plan = try plan(seed: firstSeed + seed)
            var verifier = verifier
            if var draft {
                let sampler = ExactSampler(
                    plan: plan, window: window, draft: drafts, correction: correction, coupling: coupling)
                let (latent, telemetry) = try sampler.run(drafting: &draft, verifying: &verifier)
                latents.append(latent)
                accepted += telemetry.acceptedSteps
                judged += telemetry.judgedSteps
            } else {
                var chain = ExactChain(plan: plan)
                while !chain.isFinished {
                    let time = plan.schedule.times[chain.step]
                    try chain.takeOwnStep(velocity: verifier.velocities([chain.state], at: [time])[0])
                }
                latents.append(chain.state)
            }
        }
        return (latents, judged == 0 ? 1 : Double(accepted) / Double(judged))
    }

    /// The chains of the verifier alone, from seeds of their own.
    static let own: Result<[Latent], any Error> = Result {
        try ends(firstSeed: 1_000_000, draft: nil).latents
    }

    static func distance(_ latents: [Latent]) throws -> Double {
        let own = try own.get()
        let along = Statistics.distance(latents.map(SmallMixture.position), own.map(SmallMixture.position))
        let sums = { (latents: [Latent]) in latents.map { Double($0.values.reduce(0, +)) } }
        return max(along, Statistics.distance(sums(latents), sums(own)))
    }

    // 700 against 700 chains show a difference of 0.10 between the distribution functions.
    @Test(arguments: [
        (WindowPolicy.fixed(1), ExactDraft.model, ResidualCorrection.none),
        (.fixed(4), .model, .none), (.auto, .model, .last), (.fixed(8), .model, .ahead), (.fixed(4), .held, .last),
        (.auto, .held, .ahead),
    ])
    func mixtureHasTheVerifiersLaw(window: WindowPolicy, draft: ExactDraft, correction: ResidualCorrection) throws {
        let (latents, acceptance) = try Self.ends(firstSeed: 1, window: window, drafts: draft, correction: correction)
        #expect(try Self.distance(latents) < Statistics.bound)
        // Drafts of both kinds must have been at work.
        #expect(acceptance > 0.2 && acceptance < 0.95)
    }

    /// The test of the test above. The draft is so far off that every mistake moves the ends, but for the shared uniform:
    /// what it does to the law is smaller than 700 chains show, and `CouplingTests` finds it.
    @Test(arguments: BrokenCoupling.allCases.filter { $0 != .sameUniform })
    func wrongRuleIsFoundInTheWholeChain(rule: BrokenCoupling) throws {
        let latents = try Self.ends(firstSeed: 1, by: rule).latents
        #expect(try Self.distance(latents) > Statistics.bound)
    }

    /// A draft must not know the noise of its own step: here it does, and the test finds it.
    @Test func draftThatKnowsItsNoiseIsFound() throws {
        var latents: [Latent] = []
        for seed in 0..<UInt64(Self.chains) {
            let plan = try Self.plan(seed: seed + 1)
            var (chain, verifier) = (ExactChain(plan: plan), Self.verifier)
            while !chain.isAtTail {
                var window = chain.window()
                var picture = try window.draftedPicture(with: &verifier)
                let noise = plan.randomness.noise(ofStep: chain.step)
                for i in picture.values.indices { picture.values[i] += 0.5 * abs(noise.values[i]) }
                window.append(picture)
                let velocities = verifier.velocities(window.statesToVerify, at: window.timesToVerify)
                _ = try chain.settle(window, velocities: velocities)
            }
            while !chain.isFinished {
                let time = plan.schedule.times[chain.step]
                try chain.takeOwnStep(velocity: verifier.velocities([chain.state], at: [time])[0])
            }
            latents.append(chain.state)
        }
        #expect(try Self.distance(latents) > Statistics.bound)
    }

    /// A law that is known in closed form, element by element: 2,800 values show a difference of 0.037.
    @Test(arguments: [ResidualCorrection.none, .last, .ahead])
    func normalPictureHasItsKnownLaw(correction: ResidualCorrection) throws {
        let normal = SmallMixture(centre: 0, deviation: 0.6)
        let latents = try Self.ends(
            firstSeed: 50_000, verifier: normal, draft: SmallMixture(centre: 0.5, deviation: 0.9, offset: 0.3),
            correction: correction
        ).latents
        let deviation = chainVariance(deviation: 0.6, kernels: try Self.plan(seed: 0).kernels).squareRoot()
        #expect(
            Statistics.normalDistance(latents.flatMap { $0.values.map { Double($0) / deviation } }) < Statistics.bound)
    }

    @Test func equalModelsAcceptAllAndGiveTheVerifiersOwnChain() throws {
        let plan = try Self.plan(seed: 3)
        var (draft, verifier, alone) = (Self.verifier, Self.verifier, Self.verifier)
        let (latent, telemetry) = try ExactSampler(plan: plan, window: .fixed(3), draft: .model, correction: .none)
            .run(drafting: &draft, verifying: &verifier)
        #expect(telemetry.acceptanceRate == 1)
        #expect(telemetry.windows == 3)
        #expect(telemetry.rounds == 3 + 2)
        #expect(telemetry.verifierEvaluations == 10 && verifier.evaluations == 10)
        #expect(telemetry.draftEvaluations == 8 && draft.evaluations == 8)
        var chain = ExactChain(plan: plan)
        while !chain.isFinished {
            let time = plan.schedule.times[chain.step]
            try chain.takeOwnStep(velocity: alone.velocities([chain.state], at: [time])[0])
        }
        #expect(latent == chain.state)
    }
}
