import Diffusion
import Graphs
import Models
import TestSupport
import Testing

@Suite struct StudioTests {
    private static let shape = LatentShape(height: 8, width: 8, channelCount: 4)

    private func noise(_ seed: UInt64, _ shape: LatentShape = shape) -> Latent {
        NoiseGenerator(seed: seed).latent(shape, stream: 0)
    }

    /// Two rows in one batch and each alone must agree to float32 rounding of the outputs.
    private func expectSame(
        _ found: Latent, _ expected: Latent, bound: Double = 1e-12, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        expectClose(
            found.tensor, expected.tensor, bound: bound, sourceLocation: sourceLocation)
    }

    @Test func rowsOfABatchDoNotSeeEachOther() throws {
        let pair = try TinyModels().loadPair()
        let text = try pair.shared.text(on: ReferenceBackend())
        let empty = try text.unconditional()
        let rows = [
            StudioDenoiser.Row(
                state: noise(1), time: 1, prompt: try text.encode("a red mug").conditioning, guidance: 2),
            StudioDenoiser.Row(
                state: noise(2), time: 0.25, prompt: try text.encode("blue table").conditioning, guidance: 1),
            StudioDenoiser.Row(state: noise(3), time: 0.5, prompt: empty, guidance: 5),
        ]
        for model in [pair.draft, pair.verifier] {
            let together = try model.denoiser(on: ReferenceBackend()).velocities(rows, unconditional: empty)
            #expect(together.count == 3)
            for (row, velocity) in zip(rows, together) {
                let alone = try model.denoiser(on: ReferenceBackend()).velocities([row], unconditional: empty)
                expectSame(velocity, alone[0])
            }
        }
    }

    @Test func promptTimeStateAndGuidanceAllMatter() throws {
        let pair = try TinyModels().loadPair()
        let text = try pair.shared.text(on: ReferenceBackend())
        let empty = try text.unconditional()
        let base = StudioDenoiser.Row(
            state: noise(1), time: 0.5, prompt: try text.encode("a red mug").conditioning, guidance: 2)
        var others = [base, base, base, base]
        others[0].state = noise(2)
        others[1].time = 0.4
        others[2].prompt = try text.encode("a blue mug").conditioning
        others[3].guidance = 3
        for model in [pair.draft, pair.verifier] {
            let velocities = try model.denoiser(on: ReferenceBackend())
                .velocities([base] + others, unconditional: empty)
            for other in velocities.dropFirst() { #expect(other != velocities[0]) }
        }
    }

    @Test func guidanceOfTheVerifierIsAStraightLineThroughBothPredictions() throws {
        let pair = try TinyModels().loadPair()
        let text = try pair.shared.text(on: ReferenceBackend())
        let empty = try text.unconditional()
        let prompt = try text.encode("a red mug").conditioning
        let denoiser = try pair.verifier.denoiser(on: ReferenceBackend())
        func velocity(_ conditioning: Conditioning, _ guidance: Double) throws -> Latent {
            var model = PromptedDenoiser(
                denoiser, prompt: conditioning, unconditional: empty, guidance: guidance)
            return try model.velocities([noise(1)], at: [0.75])[0]
        }
        let (withPrompt, without) = (try velocity(prompt, 1), try velocity(empty, 1))
        let expected = Latent(
            shape: Self.shape,
            values: zip(withPrompt.values, without.values).map { $1 + 2.5 * ($0 - $1) })
        expectSame(try velocity(prompt, 2.5), expected, bound: 1e-11)
    }

    /// Guidance of two evaluations is made of the contrast; a model with guidance as input has it at the scale 1.
    @Test(arguments: [1.0, 2.5], [true, false])
    func theContrastIsWhatGuidanceIsMadeOf(guidance: Double, isVerifier: Bool) throws {
        let pair = try TinyModels().loadPair()
        let text = try pair.shared.text(on: ReferenceBackend())
        let empty = try text.unconditional()
        let prompt = try text.encode("a red mug").conditioning
        let tested = isVerifier ? pair.verifier : pair.draft
        func model(_ conditioning: Conditioning, _ guidance: Double) throws -> PromptedDenoiser {
            PromptedDenoiser(
                try tested.denoiser(on: ReferenceBackend()), prompt: conditioning, unconditional: empty,
                guidance: guidance)
        }
        func velocity(_ conditioning: Conditioning, _ guidance: Double) throws -> Latent {
            var model = try model(conditioning, guidance)
            return try model.velocities([noise(1)], at: [0.75])[0]
        }
        var asked = try model(prompt, guidance)
        let answers = try asked.checkedAnswers(
            to: [.velocity, .prompt].map { FlowQuestion($0, state: noise(1), time: 0.75) })
        guard case .velocity(let guided) = answers.rows[0], case .prompt(let contrast) = answers.rows[1] else {
            Issue.record("\(answers.rows)")
            return
        }
        expectSame(guided, try velocity(prompt, guidance), bound: 1e-11)
        expectSame(contrast.prompted, try velocity(prompt, 1), bound: 1e-11)
        expectSame(contrast.unprompted, try velocity(empty, 1), bound: 1e-11)
        // Two rows more than the velocity's, which are one evaluation only where a velocity takes two itself.
        let isPaired = isVerifier && guidance != 1
        #expect(asked.denoiser.count.rows == (isPaired ? 4 : 3))
        #expect(answers.evaluationCount == (isPaired ? 2 : 3))
    }

    @Test func evaluationsAreCountedAsRowsOfTheNetwork() throws {
        let pair = try TinyModels().loadPair()
        let text = try pair.shared.text(on: ReferenceBackend())
        let empty = try text.unconditional()
        for (model, guidance, rows) in [(pair.verifier, 3.0, 4), (pair.verifier, 1, 2), (pair.draft, 3, 2)] {
            let denoiser = try model.denoiser(on: ReferenceBackend())
            var prompted = PromptedDenoiser(denoiser, prompt: empty, unconditional: empty, guidance: guidance)
            #expect(try prompted.velocities([], at: []) == [])
            _ = try prompted.velocities([noise(1), noise(2)], at: [1, 0.5])
            #expect(denoiser.count.velocities == 2)
            #expect(denoiser.count.rows == rows)
            #expect(denoiser.count.runs == 1)
        }
    }

    @Test func aTrajectoryOfTheDraftEndsFinite() throws {
        let pair = try TinyModels().loadPair()
        let text = try pair.shared.text(on: ReferenceBackend())
        var model = PromptedDenoiser(
            try pair.draft.denoiser(on: ReferenceBackend()), prompt: try text.encode("a red mug").conditioning,
            unconditional: try text.unconditional(), guidance: 3)
        let schedule = try pair.draft.manifest.schedule.times(stepCount: 4)
        let latent = try FlowTrajectory(schedule).run(0..<4, from: noise(1), with: &model)
        #expect(model.denoiser.count.runs == 4)
        let picture = try pair.shared.decoder(on: ReferenceBackend()).decode(latent)
        #expect(picture.width == 64 && picture.height == 64)
        #expect(picture.values.count == 64 * 64 * 3)
        #expect(picture.values.allSatisfy { $0 >= -1 && $0 <= 1 })
    }

    @Test func whatADenoiserCannotTakeIsATypedError() throws {
        let pair = try TinyModels().loadPair()
        let empty = try pair.shared.text(on: ReferenceBackend()).unconditional()
        let denoiser = try pair.verifier.denoiser(on: ReferenceBackend())
        func velocities(_ states: [Latent], _ time: Double = 0.5, guidance: Double = 1) throws {
            var model = PromptedDenoiser(denoiser, prompt: empty, unconditional: empty, guidance: guidance)
            _ = try model.velocities(states, at: states.map { _ in time })
        }
        for time in [0, -0.5, 1.001, .nan, .infinity] {
            #expect { try velocities([noise(1)], time) } throws: { error in
                guard case ModelError.timeOutOfRange = error else { return false }
                return true
            }
        }
        for guidance in [0.9, 6.1, -1, .nan, .infinity] {
            #expect { try velocities([noise(1)], guidance: guidance) } throws: { error in
                guard case ModelError.guidanceOutOfRange(_, 1, 6) = error else { return false }
                return true
            }
        }
        let shapes = [(8, 8, 5), (9, 8, 4), (8, 6, 4), (66, 8, 4)].map {
            LatentShape(height: $0, width: $1, channelCount: $2)
        }
        for shape in shapes {
            #expect { try velocities([noise(1, shape)]) } throws: { error in
                guard case ModelError.unsupportedLatent(shape, _) = error else { return false }
                return true
            }
        }
        let larger = LatentShape(height: 8, width: 10, channelCount: 4)
        #expect { try velocities([noise(1), noise(1, larger)]) } throws: { error in
            guard case ModelError.unsupportedLatent(larger, _) = error else { return false }
            return true
        }
        #expect(denoiser.count.runs == 0)
    }

    @Test func whatTheDecoderCannotTakeIsATypedError() throws {
        let decoder = try TinyModels().loadPair().shared.decoder(on: ReferenceBackend())
        var poisoned = noise(1)
        poisoned.values[7] = .nan
        let others = [(8, 8, 5), (65, 8, 4)].map { noise(1, LatentShape(height: $0, width: $1, channelCount: $2)) }
        // Finite, and more than the decoder can multiply.
        var absurd = noise(1)
        for index in absurd.values.indices { absurd.values[index] *= 1e38 }
        for latent in [poisoned, absurd] + others {
            #expect { try decoder.decode(latent) } throws: { error in
                guard case ModelError.unsupportedLatent(latent.shape, _) = error else { return false }
                return true
            }
        }
    }

    @Test func sizesThatPatchesDoNotFillAreRefused() throws {
        let model = try TinyModels().loadPair().draft
        #expect(model.sizeMultiple == 16)
        for size in [(64, 512), (128, 128), (96, 160)] {
            let shape = try model.latentShape(for: PictureSize(width: size.0, height: size.1))
            #expect(shape == LatentShape(height: size.1 / 8, width: size.0 / 8, channelCount: 4))
        }
        for size in [(48, 128), (128, 528), (136, 128), (128, 100), (0, 0), (-64, 128), (.max, 128)] {
            #expect(throws: ModelError.unsupportedSize(width: size.0, height: size.1, multiple: 16)) {
                try model.latentShape(for: PictureSize(width: size.0, height: size.1))
            }
        }
        #expect(model.isTrainedSize(PictureSize(width: 128, height: 128)))
        #expect(!model.isTrainedSize(PictureSize(width: 128, height: 64)))
        // A shape that is nearly one of training's is that one; another has its area.
        for ratio in [1, 1.04, 0.96] { #expect(model.size(ofRatio: ratio) == PictureSize(width: 128, height: 128)) }
        #expect(model.size(ofRatio: 16.0 / 9) == PictureSize(width: 176, height: 96))
        #expect(model.size(ofRatio: 0.25) == PictureSize(width: 64, height: 256))
    }
}
