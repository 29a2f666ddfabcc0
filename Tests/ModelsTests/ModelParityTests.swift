import Diffusion
import Graphs
import Tensors
import TestSupport
import Testing

@testable import Models

/// The upper rungs: text encoder, block, one step, trajectory and picture of whole tiny models.
@Suite struct ModelParityTests {
    private static let prompt = "a red ceramic mug on a wooden table, soft window light"

    @Test(arguments: try ParityBackend.all.get())
    func promptsAreEncodedAsInPyTorch(backend: ParityBackend) throws {
        let (fixtures, pair) = (try Fixtures.models(), try Fixtures.pair())
        let (tokens, pooled) = (try fixtures["text.tokens"], try fixtures["text.pooled"])
        let text = try pair.shared.text(on: backend.backend)
        let prompts = try Fixtures.index().tokenizer
        #expect(prompts.count == 3)
        for (row, prompt) in prompts.enumerated() {
            let encoded = try text.encode(prompt.text)
            #expect(encoded.tokens.ids == prompt.ids)
            expectClose(
                Tensor([24, 32], encoded.conditioning.tokens), tokens.row(row), bound: ParityBound.block,
                prompt.text)
            expectClose(
                Tensor([32], encoded.conditioning.pooled), pooled.row(row), bound: ParityBound.block, prompt.text)
        }
        let (unconditional, empty) = (try text.unconditional(), try text.encode("").conditioning)
        #expect(unconditional.tokens == empty.tokens)
    }

    @Test(arguments: try ParityBackend.all.get())
    func oneBlockIsThatOfPyTorch(backend: ParityBackend) throws {
        let (fixtures, model) = (try Fixtures.models(), try Fixtures.pair().verifier)
        let (x, modulation) = (try fixtures["block.input"], try fixtures["block.modulation"])
        let text = Tensor([2, 24, 32], Array(try fixtures["text.tokens"].floats().prefix(2 * 24 * 32)))
        var builder = GraphBuilder()
        let angles = TokenGrid(rowCount: 3, columnCount: 4).rotations(headWidth: 16)
        let surroundings = TransformerBlock.Surroundings(
            modulation: builder.input("modulation", modulation.shape), text: builder.input("text", text.shape),
            cosine: builder.constant(angles.cosine), sine: builder.constant(angles.sine))
        let input = builder.input("input", x.shape)
        let output = try builder.scoped(to: "blocks.0") { builder throws(ShapeError) in
            try TransformerBlock(width: 32, headCount: 2).append(to: &builder, input, surroundings)
        }
        builder.output("output", output)
        let weights = try SafetensorsFile(path: model.folder.path + "/verifier.safetensors")
        let found = try backend.backend.compile(builder.graph, parameters: weights)
            .run(["input": x, "modulation": modulation, "text": text])
        expectClose(found["output"], try fixtures["block.output"], bound: ParityBound.block)
    }

    /// Where a draft's state comes into the verifier's schedule is one rule on both sides.
    @Test func schedulesAreEnteredAsInPyTorch() throws {
        let fixtures = try Fixtures.models()
        let (steps, at) = (try fixtures["entered.steps"].floats(), try fixtures["entered.at"].floats())
        let rows = try fixtures["entered.times"]
        for (index, stepCount) in steps.enumerated() {
            let schedule = try FlowSchedule(stepCount: Int(stepCount), shift: 3)
            for (column, time) in at.enumerated() {
                let entered = try #require(schedule.entered(at: Double(time)))
                let expected = rows.row(index * at.count + column).floats().filter { $0 >= 0 }
                let found = entered.schedule.times[entered.step...].map(Float.init)
                #expect(found.count == expected.count, "\(time) of \(stepCount)")
                #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-6 }, "\(time) of \(stepCount)")
            }
        }
    }

    @Test(arguments: try ParityBackend.all.get())
    func theCriticsOddsAreThoseOfPyTorch(backend: ParityBackend) throws {
        let (fixtures, pair) = (try Fixtures.models(), try Fixtures.pair())
        let text = try pair.shared.text(on: backend.backend)
        let times = try fixtures["critic.t"].floats()
        let prompts = try Fixtures.index().tokenizer
        let subjects: [FlowQuestion.Subject] = [.agreement, .likeness]
        let rows = try times.indices.flatMap { row in
            let x = try fixtures["critic.x"].row(row)
            let state = Latent(
                shape: LatentShape(height: x.shape[0], width: x.shape[1], channelCount: x.shape[2]), values: x.floats())
            let prompt = try text.encode(prompts[row].text).conditioning
            return subjects.map {
                StudioDenoiser.Row(
                    FlowQuestion($0, state: state, time: Double(times[row])), prompt: prompt, guidance: 1)
            }
        }
        let answers = try pair.verifier.denoiser(on: backend.backend).answers(
            to: rows, unconditional: text.unconditional())
        let odds = zip(rows, answers.rows).map { row, answer in
            switch (row.subject, answer) {
            case (.agreement, .agreement(let odds)), (.likeness, .likeness(let odds)): odds
            default: Float.nan
            }
        }
        expectClose(Tensor([2, 2], odds), try fixtures["critic.odds"], bound: ParityBound.step)
        #expect(answers.evaluationCount == 0)
    }

    @Test(arguments: try ParityBackend.all.get(), ["step16x16", "step12x20"])
    func oneStepIsThatOfPyTorch(backend: ParityBackend, step: String) throws {
        let (fixtures, pair) = (try Fixtures.models(), try Fixtures.pair())
        let (prompt, empty) = try conditioning(pair, on: backend)
        let (state, time) = try latent("verifier.\(step).x", "verifier.\(step).t")
        let expected = try fixtures["verifier.\(step).velocity"]

        // Both predictions without guidance, as two rows of a batch.
        let rows = [prompt, empty].map {
            StudioDenoiser.Row(state: state, time: time, prompt: $0, guidance: 1)
        }
        let verifier = try pair.verifier.denoiser(on: backend.backend)
        let velocities = try verifier.velocities(rows, unconditional: empty)
        for row in 0..<2 {
            expectClose(velocities[row].tensor, expected.row(row), bound: ParityBound.step, "row \(row)")
        }

        // Their guided combination, by the definition.
        var guided = PromptedDenoiser(verifier, prompt: prompt, unconditional: empty, guidance: 3)
        let (conditional, unconditional) = (expected.row(0).floats(), expected.row(1).floats())
        let combined = zip(conditional, unconditional).map { $1 + 3 * ($0 - $1) }
        expectClose(
            try guided.velocities([state], at: [time])[0].tensor, Tensor(expected.row(0).shape, combined),
            bound: ParityBound.guidedStep, "guided")

        var draft = PromptedDenoiser(
            try pair.draft.denoiser(on: backend.backend), prompt: prompt, unconditional: empty,
            guidance: Double(try fixtures["draft.\(step).guidance"].floats()[0]))
        let (draftState, draftTime) = try latent("draft.\(step).x", "draft.\(step).t")
        expectClose(
            try draft.velocities([draftState], at: [draftTime])[0].tensor,
            try fixtures["draft.\(step).velocity"].row(0), bound: ParityBound.step, "draft")
    }

    @Test(arguments: try ParityBackend.all.get())
    func trajectoriesAndThePictureAreThoseOfPyTorch(backend: ParityBackend) throws {
        let (fixtures, pair) = (try Fixtures.models(), try Fixtures.pair())
        let (prompt, empty) = try conditioning(pair, on: backend)
        let states = try fixtures["verifier.trajectory.states"]
        let schedule = try pair.verifier.manifest.schedule.times(stepCount: 8)
        let times = try fixtures["verifier.trajectory.times"].floats()
        #expect(schedule.times.map { Float($0) } == times)
        let noise = states.row(0).latent

        var verifier = PromptedDenoiser(
            try pair.verifier.denoiser(on: backend.backend), prompt: prompt, unconditional: empty, guidance: 3)
        let state = try FlowTrajectory(schedule).run(0..<8, from: noise, with: &verifier) { walk in
            expectClose(
                walk.state.tensor, states.row(walk.step), bound: ParityBound.trajectory, "before step \(walk.step)")
        }
        #expect(verifier.denoiser.count == .init(velocities: 8, rows: 16, runs: 8))

        let pixels = try fixtures["picture.pixels"].row(0)
        let picture = try pair.shared.decoder(on: backend.backend).decode(state)
        expectClose(
            Tensor([picture.height, picture.width, 3], picture.values),
            Tensor(pixels.shape, pixels.floats().map { min(max($0, -1), 1) }), bound: ParityBound.picture, "picture")

        var draft = PromptedDenoiser(
            try pair.draft.denoiser(on: backend.backend), prompt: prompt, unconditional: empty, guidance: 3)
        let drafted = try FlowTrajectory(schedule).run(0..<8, from: noise, with: &draft)
        expectClose(
            drafted.tensor, try fixtures["draft.trajectory.states"].row(0), bound: ParityBound.trajectory,
            "draft")
    }

    private func conditioning(
        _ pair: ModelPair, on backend: ParityBackend
    ) throws -> (prompt: Conditioning, empty: Conditioning) {
        let text = try pair.shared.text(on: backend.backend)
        return (try text.encode(Self.prompt).conditioning, try text.unconditional())
    }

    private func latent(_ state: String, _ time: String) throws -> (Latent, Double) {
        let fixtures = try Fixtures.models()
        return (try fixtures[state].row(0).latent, Double(try fixtures[time].floats()[0]))
    }
}

extension Tensor {
    /// One entry of the outermost axis.
    fileprivate func row(_ index: Int) -> Tensor {
        let inner = Shape(Array(shape.dimensions.dropFirst()))
        let count = inner.elementCount
        return Tensor(inner, Array(floats()[index * count..<(index + 1) * count]))
    }

    /// [height, width, channel] as a latent.
    fileprivate var latent: Latent {
        Latent(
            shape: LatentShape(height: shape[0], width: shape[1], channelCount: shape[2]), values: floats())
    }
}
