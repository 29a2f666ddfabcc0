import Diffusion
import ExactTestSupport
import Speculation
import Testing

@testable import ExactWindows

/// The edge drafts, the verifier judges, and everything between them is coded.
@Suite struct ChainTests {
    static let verifier = SmallMixture(centre: 1.5, deviation: 0.3)
    static let draft = SmallMixture(centre: 1, deviation: 0.5, offset: 0.35)
    static let chains = 500

    static func plan(seed: UInt64, steps: Int = 10) throws -> ExactPlan {
        ExactPlan(
            schedule: try FlowSchedule(stepCount: steps, shift: 3), tailStep: steps - 2, seed: seed,
            shape: SmallMixture.shape)
    }

    static func exchange(_ frames: [[UInt8]], index: Int, step: Int) throws -> WindowExchange {
        WindowExchange(chain: try #require(JobID("chain")), index: index, firstStep: step, codedPictures: frames)
    }

    /// One chain over coded windows.
    static func run(
        seed: UInt64, draft: SmallMixture = draft, window: WindowPolicy = .fixed(4), correction: ResidualCorrection
    ) throws -> (latent: Latent, telemetry: ExactTelemetry) {
        let plan = try plan(seed: seed)
        var edge = EdgeChain(plan: plan, window: window, correction: correction)
        var chain = VerifierChain(plan: plan, correction: correction)
        var (draft, verifier) = (draft, verifier)
        for index in 0... {
            let frames = try edge.draft(with: &draft)
            let drafted = try chain.window(exchange(frames, index: index, step: edge.nextStep))
            // Else what is verified is not what was drafted: the law would stand, and acceptance and bytes would not.
            #expect(drafted.pictures == edge.pending?.drafted.pictures ?? [])
            let velocities = verifier.velocities(drafted.statesToVerify, at: drafted.timesToVerify)
            let verdict = try chain.settle(
                drafted, velocities: velocities, receivedBytes: frames.reduce(0) { $0 + $1.count })
            guard let verdict else { break }
            try edge.follow(verdict)
        }
        return (try chain.finish(with: &verifier, report: { _ in }), chain.telemetry)
    }

    static let own: Result<[Double], any Error> = Result {
        try (0..<UInt64(chains)).map { seed in
            var (chain, verifier) = (ExactChain(plan: try plan(seed: 2_000_000 + seed)), verifier)
            while !chain.isFinished {
                let time = chain.plan.schedule.times[chain.step]
                try chain.takeOwnStep(velocity: verifier.velocities([chain.state], at: [time])[0])
            }
            return SmallMixture.position(chain.state)
        }
    }

    // 500 against 500 chains show a difference of 0.12 between the distribution functions.
    @Test(arguments: ResidualCorrection.allCases)
    func lawIsTheVerifiersWithTheCodecInTheLoop(correction: ResidualCorrection) throws {
        var positions: [Double] = []
        var (accepted, judged) = (0, 0)
        for seed in 0..<UInt64(Self.chains) {
            let (latent, telemetry) = try Self.run(seed: seed + 1, correction: correction)
            positions.append(SmallMixture.position(latent))
            accepted += telemetry.acceptedSteps
            judged += telemetry.judgedSteps
        }
        #expect(Statistics.distance(positions, try Self.own.get()) < Statistics.bound)
        let acceptance = Double(accepted) / Double(judged)
        #expect(acceptance > 0.2 && acceptance < 0.95)
    }

    /// The test of the test above: to round the drafted state instead of its mean adds noise that nobody subtracts.
    @Test func roundingTheStateInsteadOfTheMeanIsFound() throws {
        var positions: [Double] = []
        for seed in 0..<UInt64(Self.chains) {
            let plan = try Self.plan(seed: seed + 1)
            var verifier = Self.verifier
            var state = plan.randomness.start
            for (n, kernel) in plan.kernels.enumerated() {
                let velocity = verifier.velocities([state], at: [kernel.time])[0]
                let mean = kernel.mean(
                    state: state, picture: pictureEstimate(state: state, velocity: velocity, time: kernel.time))
                state = kernel.sample(mean: mean, noise: plan.randomness.noise(ofStep: n))
                for i in state.values.indices { state.values[i] = (state.values[i] / 1.5).rounded() * 1.5 }
            }
            positions.append(SmallMixture.position(state))
        }
        #expect(Statistics.distance(positions, try Self.own.get()) > Statistics.bound)
    }

    @Test func nearlyEqualDraftsAreNearlyAllAcceptedInSpiteOfTheCode() throws {
        var (accepted, judged) = (0, 0)
        for seed in 1...30 as ClosedRange<UInt64> {
            let telemetry = try Self.run(seed: seed, draft: Self.verifier, correction: .none).telemetry
            #expect(telemetry.judgedSteps == 8)
            #expect(telemetry.sentBytes > 0 && telemetry.receivedBytes > 0)
            #expect(telemetry.placement == .edge)
            accepted += telemetry.acceptedSteps
            judged += telemetry.judgedSteps
        }
        // 2Φ(−¼/2) = 0.90; 240 steps have a deviation of 0.02.
        #expect(Double(accepted) / Double(judged) > 0.84)
    }

    /// Figures that fail when the two sides code or correct otherwise than they did, which the law would not show.
    ///
    /// Acceptance over 800 judged steps, and bytes of frames for each of them.
    @Test(
        arguments: [
            (.none, .fixed(1), 0.899, 20.1, 17.5), (.none, .fixed(3), 0.898, 20.9, 5.6), (.none, .auto, 0.904, 22, 1),
            (.last, .fixed(1), 0.953, 20.2, 17.7), (.last, .fixed(3), 0.945, 20.9, 5.5), (.last, .auto, 0.911, 22, 1.1),
            (.ahead, .fixed(1), 0.953, 20.2, 17.7), (.ahead, .fixed(3), 0.946, 20.9, 6.1),
            (.ahead, .auto, 0.915, 21.9, 2.8),
        ] as [(ResidualCorrection, WindowPolicy, Double, Double, Double)])
    func acceptanceAndBytesAreAsMeasured(
        _ correction: ResidualCorrection, _ window: WindowPolicy, _ acceptance: Double, _ sent: Double,
        _ received: Double
    ) throws {
        let chains = try (1...100).map { try Self.run(seed: $0, window: window, correction: correction).telemetry }
        func sum(_ member: KeyPath<ExactTelemetry, Int>) -> Double {
            chains.reduce(0) { $0 + Double($1[keyPath: member]) }
        }
        let judged = sum(\.judgedSteps)
        #expect(judged == 800)
        // Two steps in a hundred, for machines that round otherwise.
        #expect(abs(sum(\.acceptedSteps) / judged - acceptance) < 0.02)
        #expect(sum(\.sentBytes) / judged < 1.05 * sent && sum(\.receivedBytes) / judged < 1.05 * received + 0.3)
    }

    @Test func sameSeedGivesTheSameChain() throws {
        #expect(try Self.run(seed: 5, correction: .ahead).latent == Self.run(seed: 5, correction: .ahead).latent)
    }

    @Test func windowOfOtherStepsIsRefused() throws {
        let plan = try Self.plan(seed: 1)
        var (edge, draft) = (EdgeChain(plan: plan, window: .fixed(2), correction: .none), Self.draft)
        let frames = try edge.draft(with: &draft)
        let chain = VerifierChain(plan: plan, correction: .none)
        #expect(try chain.window(Self.exchange(frames, index: 0, step: 0)).count == 2)
        for (frames, step) in [(frames, 1), ([], 0), (Array(repeating: frames[0], count: 9), 0)] {
            #expect { try chain.window(Self.exchange(frames, index: 0, step: step)) } throws: {
                ($0 as? VerifierError)?.code == .invalidJob
            }
        }
    }

    @Test func anyBytesGiveAWindowOrATypedError() throws {
        let plan = try Self.plan(seed: 1)
        var (edge, draft) = (EdgeChain(plan: plan, window: .fixed(1), correction: .none), Self.draft)
        let frame = try edge.draft(with: &draft)[0]
        let chain = VerifierChain(plan: plan, correction: .none)
        for bit in 0..<frame.count * 8 {
            var damaged = frame
            damaged[bit / 8] ^= 1 << (bit % 8)
            #expect { try chain.window(Self.exchange([damaged], index: 0, step: 0)) } throws: {
                ($0 as? VerifierError)?.code == .invalidLatent
            }
        }
    }

    @Test func verdictOnAnotherWindowIsRefused() throws {
        let plan = try Self.plan(seed: 1)
        var (edge, draft) = (EdgeChain(plan: plan, window: .fixed(2), correction: .none), Self.draft)
        let verdicts = [
            WindowVerdict(acceptedCount: 1, draftedCount: 3, codedResiduals: []),
            WindowVerdict(acceptedCount: 3, draftedCount: 2, codedResiduals: [[]]),
            WindowVerdict(acceptedCount: -1, draftedCount: 2, codedResiduals: [[]]),
            WindowVerdict(acceptedCount: 2, draftedCount: 2, codedResiduals: []),
            WindowVerdict(acceptedCount: 2, draftedCount: 2, codedResiduals: [[], []]),
        ]
        #expect(throws: VerifierError.self) { try edge.follow(verdicts[0]) }
        _ = try edge.draft(with: &draft)
        for verdict in verdicts { #expect(throws: VerifierError.self) { try edge.follow(verdict) } }
        let junk = WindowVerdict(acceptedCount: 2, draftedCount: 2, codedResiduals: [[1, 2, 3]])
        #expect(throws: (any Error).self) { try edge.follow(junk) }
    }
}
