import Diffusion
import ExactTestSupport
import Speculation
import Testing

@Suite struct ExactPieceTests {
    private func plan(steps: Int = 10, tail: Int = 8) throws -> ExactPlan {
        ExactPlan(
            schedule: try FlowSchedule(stepCount: steps, shift: 3), tailStep: tail, seed: 4, shape: SmallMixture.shape)
    }

    @Test func lastStepIsNeverDrafted() throws {
        #expect(try plan(tail: 10).tailStep == 9)
        #expect(try plan(tail: 0).tailStep == 0)
        #expect(try plan().kernels.last?.sigma == 0)
    }

    @Test func meanFromThePictureIsTheMeanFromTheVelocity() throws {
        let state = NoiseGenerator(seed: 1).latent(SmallMixture.shape, stream: 0)
        let velocity = NoiseGenerator(seed: 1).latent(SmallMixture.shape, stream: 1)
        for kernel in try plan().kernels {
            let picture = pictureEstimate(state: state, velocity: velocity, time: kernel.time)
            let (a, b) = (kernel.mean(state: state, velocity: velocity), kernel.mean(state: state, picture: picture))
            for (x, y) in zip(a.values, b.values) { #expect(abs(x - y) < 1e-5) }
        }
    }

    @Test func rejectionDiscardsTheRestAndStillAdvances() throws {
        let plan = try plan()
        var (chain, verifier) = (ExactChain(plan: plan), SmallMixture(centre: 1, deviation: 0.3))
        var window = chain.window()
        for _ in 0..<4 { window.append(Latent(shape: SmallMixture.shape, values: [50, 50, 50, 50])) }
        let settled = try chain.settle(
            window, velocities: verifier.velocities(window.statesToVerify, at: window.timesToVerify))
        #expect(settled.acceptedCount == 0 && settled.settledCount == 1)
        #expect(settled.distances.count == 1 && settled.verifierPictures.count == 4)
        #expect(chain.step == 1)
    }

    @Test func velocityThatIsNotFiniteIsAnErrorAndChangesNothing() throws {
        let plan = try plan()
        var (chain, verifier) = (ExactChain(plan: plan), SmallMixture(centre: 1, deviation: 0.3))
        var window = chain.window()
        for _ in 0..<2 { window.append(try window.draftedPicture(with: &verifier)) }
        var velocities = verifier.velocities(window.statesToVerify, at: window.timesToVerify)
        velocities[1].values[0] = .nan
        let before = chain
        #expect(throws: DiffusionError.notFinite(step: 1)) { try chain.settle(window, velocities: velocities) }
        #expect(chain == before)
    }

    /// The residual of a discarded state is used at its own step, and the last one for the steps behind it.
    @Test func memoryUsesResidualsAtTheirStepAndLater() throws {
        let schedule = try FlowSchedule(stepCount: 10, shift: 1)
        let flat = { (value: Float) in Latent(shape: SmallMixture.shape, values: [value, value, value, value]) }
        var memory = DraftMemory(draft: .model, correction: .ahead, schedule: schedule)
        #expect(memory.corrected(flat(1), step: 0) == flat(1))
        memory.learn(
            firstStep: 0, own: [flat(0), flat(0), flat(0)], verified: [flat(10), flat(20), flat(30)], settledCount: 1)
        #expect(memory.corrected(flat(1), step: 1) == flat(21))
        #expect(memory.corrected(flat(1), step: 2) == flat(31))
        // t_4/t_2 = 0.6/0.8 of the last one.
        #expect(abs(memory.corrected(flat(0), step: 4).values[0] - 22.5) < 1e-4)
        memory.learn(firstStep: 1, own: [flat(0)], verified: [flat(5)], settledCount: 1)
        #expect(memory.corrected(flat(1), step: 2) == flat(31))

        var last = DraftMemory(draft: .held, correction: .none, schedule: schedule)
        last.learn(firstStep: 0, own: [flat(0), flat(0)], verified: [flat(10), flat(20)], settledCount: 1)
        #expect(last.corrected(flat(0), step: 1) == flat(10))
        #expect(last.corrected(flat(0), step: 7) == flat(10))
    }

    @Test func automaticWindowGrowsWithTheAcceptance() {
        var (good, bad) = (WindowHistory(), WindowHistory())
        for _ in 0..<10 {
            good.add(accepted: 8, drafted: 8)
            bad.add(accepted: 0, drafted: 4)
        }
        #expect(good.acceptance > 0.98 && bad.acceptance < 0.1)
        #expect(WindowPolicy.auto.nextLength(after: good, rowCost: 0.05, limit: 100) == 16)
        #expect(WindowPolicy.auto.nextLength(after: bad, rowCost: 0.05, limit: 100) == 1)
        #expect(WindowPolicy.auto.nextLength(after: good, rowCost: 0.05, limit: 3) == 3)
        #expect(WindowPolicy.fixed(8).nextLength(after: bad, rowCost: 0.05, limit: 100) == 8)
        // A step that costs as much as a window does not pay at any acceptance below one.
        #expect(WindowPolicy.auto.nextLength(after: good, rowCost: 1, limit: 100) == 1)
    }

    @Test func windowIsWrittenAsAWord() {
        #expect(WindowPolicy("auto") == .auto && WindowPolicy("12") == .fixed(12))
        for text in ["", "0", "33", "-1", "4.5", "Auto"] { #expect(WindowPolicy(text) == nil) }
        #expect(WindowPolicy.fixed(12).description == "12")
    }
}
