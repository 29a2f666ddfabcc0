import Diffusion
import Graphs
import Tensors
import TestSupport
import Testing

@testable import Models

@Suite struct SharedBatchTests {
    private static let shape = LatentShape(height: 8, width: 8, channelCount: 4)

    /// Whatever the last batch of so many rows is, it is one of them.
    @Test func sizesUpToARowCountAreThoseOfItsBatches() {
        for (rows, largest) in [(1, 1), (2, 2), (3, 4), (5, 4), (6, 8), (8, 8), (12, 16), (16, 16), (64, 16)] {
            #expect(BatchSizes.standard.upTo(rows).last == largest, "\(rows)")
            #expect(
                (1...rows).allSatisfy { BatchSizes.standard.upTo(rows).contains(BatchSizes.standard.next(for: $0)) })
        }
    }

    @Test(
        "few sizes, little of them empty",
        arguments: [
            (1, [1]), (2, [2]), (3, [4]), (4, [4]), (5, [4, 1]), (6, [8]), (7, [8]), (9, [8, 1]), (11, [8, 4]),
            (12, [16]), (16, [16]), (19, [16, 4]), (40, [16, 16, 8]),
        ])
    func cuts(count: Int, expected: [Int]) {
        var (remaining, sizes) = (count, [Int]())
        while remaining > 0 {
            sizes.append(BatchSizes.standard.next(for: remaining))
            remaining -= sizes[sizes.count - 1]
        }
        #expect(sizes == expected)
    }

    /// A model whose velocity takes one row of the network and one whose guidance takes two.
    @Test(arguments: [true, false])
    func eachAskerGetsItsOwnAnswers(takesGuidance: Bool) throws {
        let pair = try TinyModels().loadPair()
        let model = takesGuidance ? pair.draft : pair.verifier
        #expect(model.manifest.architecture.hasGuidanceInput == takesGuidance)
        let text = try pair.shared.text(on: ReferenceBackend())
        let empty = try text.unconditional()
        let prompts = try ["a red mug", "a blue table", "a green bowl"].map { try text.encode($0).conditioning }
        func row(_ subject: FlowQuestion.Subject, _ seed: UInt64, _ time: Double, guidance: Double)
            -> StudioDenoiser.Row
        {
            let state = NoiseGenerator(seed: seed).latent(Self.shape, stream: 0)
            return StudioDenoiser.Row(
                FlowQuestion(subject, state: state, time: time), prompt: prompts[Int(seed) % 3], guidance: guidance)
        }
        let askers = [
            [
                row(.velocity, 1, 0.4, guidance: 2), row(.prompt, 2, 0.8, guidance: 2),
                row(.prompt, 3, 0.9, guidance: 2),
            ],
            [row(.velocity, 4, 1, guidance: 1)],
            [],
            [row(.velocity, 5, 0.25, guidance: 5)],
        ]
        let denoiser = try model.denoiser(on: ReferenceBackend())
        let together = try denoiser.answers(toEach: askers, unconditional: empty)
        #expect(together.count == askers.count)
        let runs = denoiser.count.runs
        for (rows, answers) in zip(askers, together) {
            let alone = try denoiser.answers(to: rows, unconditional: empty)
            #expect(answers.evaluationCount == alone.evaluationCount && answers.rows.count == alone.rows.count)
            for (found, expected) in zip(answers.rows, alone.rows) {
                for (a, b) in zip(latents(found), latents(expected)) { expectClose(a.tensor, b.tensor, bound: 1e-12) }
                #expect(latents(found).count == latents(expected).count)
            }
        }
        // Seven or nine rows of the network: 8, or 8 and 1.
        #expect(runs == (takesGuidance ? 1 : 2))
    }

    /// Critic and verifier are asked apart, and everybody gets the answers to what he asked, in his order.
    @Test func aCriticAnswersAmongTheOthers() throws {
        let pair = try TinyModels().loadPair()
        let text = try pair.shared.text(on: ReferenceBackend())
        let empty = try text.unconditional()
        let prompts = try ["a red mug", "a blue table"].map { try text.encode($0).conditioning }
        func row(_ subject: FlowQuestion.Subject, _ seed: UInt64) -> StudioDenoiser.Row {
            let state = NoiseGenerator(seed: seed).latent(Self.shape, stream: 0)
            return StudioDenoiser.Row(
                FlowQuestion(subject, state: state, time: 0.25), prompt: prompts[Int(seed) % 2], guidance: 1)
        }
        let askers = [
            [row(.agreement, 1)], [row(.velocity, 2), row(.agreement, 3), row(.velocity, 4)],
            [row(.likeness, 3), row(.agreement, 5)],
        ]
        let denoiser = try pair.verifier.denoiser(on: ReferenceBackend())
        let together = try denoiser.answers(toEach: askers, unconditional: empty)
        #expect(together.map(\.evaluationCount) == [0, 2, 0])
        #expect(denoiser.count.velocities == 2)
        var odds: Set<Float> = []
        for (rows, answers) in zip(askers, together) {
            for (row, answer) in zip(rows, answers.rows) {
                switch try (answer, denoiser.answers(to: [row], unconditional: empty).rows[0]) {
                case (.agreement(let found), .agreement(let alone)):
                    #expect(abs(found - alone) < 1e-5 && row.subject == .agreement)
                    odds.insert(found)
                case (.likeness(let found), .likeness(let alone)):
                    #expect(abs(found - alone) < 1e-5 && row.subject == .likeness)
                    odds.insert(found)
                case (.velocity(let found), .velocity(let alone)):
                    expectClose(found.tensor, alone.tensor, bound: 1e-12)
                    #expect(row.subject == .velocity)
                default: Issue.record("an answer to another question")
                }
            }
        }
        #expect(odds.count == 4)
    }

    /// A critic's patches cover four pixels, the denoiser's two: what is left at the edge is read with the edge repeated.
    @Test func aCriticReadsLatentsThatItsPatchesDoNotFill() throws {
        let pair = try TinyModels().loadPair()
        let text = try pair.shared.text(on: ReferenceBackend())
        let (empty, prompt) = (try text.unconditional(), try text.encode("a red mug").conditioning)
        let denoiser = try pair.verifier.denoiser(on: ReferenceBackend())
        func odds(_ state: Latent) throws -> FlowAnswer {
            let question = FlowQuestion(.agreement, state: state, time: 0.25)
            let row = StudioDenoiser.Row(question, prompt: prompt, guidance: 1)
            return try denoiser.answers(to: [row], unconditional: empty).rows[0]
        }
        let narrow = NoiseGenerator(seed: 6).latent(LatentShape(height: 8, width: 10, channelCount: 4), stream: 0)
        var values: [Float] = []
        for y in 0..<8 {
            for x in 0..<12 {
                let start = (y * 10 + min(x, 9)) * 4
                values += narrow.values[start..<start + 4]
            }
        }
        let wide = Latent(shape: LatentShape(height: 8, width: 12, channelCount: 4), values: values)
        #expect(try odds(narrow) == odds(wide))
    }

    @Test(arguments: [1, 2, 3, 8])
    func batchesAreNoLargerThanTheDeviceHasRoomFor(room: Int) throws {
        let pair = try TinyModels().loadPair()
        let text = try pair.shared.text(on: ReferenceBackend())
        let empty = try text.unconditional()
        let askers = rows(9, empty, guidance: 2).map { [$0] }
        let denoiser = try pair.draft.denoiser(on: CrampedBackend(room: room))
        let answers = try denoiser.answers(toEach: askers, unconditional: empty)
        #expect(answers.count == 9)
        // Nine rows: one by one, in twos with one left, in twos again, as three is no size, and eight with one left.
        #expect(denoiser.count.runs == [1: 9, 2: 5, 3: 5, 8: 2][room])
    }

    @Test func aSingleAskersRowsStayOneBatch() throws {
        let pair = try TinyModels().loadPair()
        let text = try pair.shared.text(on: ReferenceBackend())
        let empty = try text.unconditional()
        let rows = rows(5, empty, guidance: 1)
        let denoiser = try pair.verifier.denoiser(on: ReferenceBackend())
        #expect(
            try denoiser.answers(toEach: [rows], unconditional: empty)
                == [denoiser.answers(to: rows, unconditional: empty)])
        #expect(denoiser.count.runs == 2 && denoiser.count.rows == 10)
    }

    private func rows(_ count: Int, _ prompt: Conditioning, guidance: Double) -> [StudioDenoiser.Row] {
        (1...count).map { seed in
            StudioDenoiser.Row(
                state: NoiseGenerator(seed: UInt64(seed)).latent(Self.shape, stream: 0), time: 0.5, prompt: prompt,
                guidance: guidance)
        }
    }

    private func latents(_ answer: FlowAnswer) -> [Latent] {
        switch answer {
        case .velocity(let velocity): [velocity]
        case .prompt(let contrast): [contrast.prompted, contrast.unprompted]
        case .agreement, .likeness: []
        }
    }
}

/// A device with room for so many rows.
private struct CrampedBackend: Backend {
    let room: Int
    let name = "cramped"

    func compile(_ graph: Graph, parameters: any ParameterSource) throws -> any ExecutableGraph {
        try ReferenceBackend().compile(graph, parameters: parameters)
    }

    func holds(_ graph: Graph) -> Bool {
        graph.inputs.contains { $0.name == "time" && graph[$0.value].shape[0] <= room }
    }
}
