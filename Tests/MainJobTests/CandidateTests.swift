import CPUBackend
import Diffusion
import EdgeRuntime
import Models
import Speculation
import Testing

/// Several drafts, of which the critic of the fixtures' verifier chooses one.
@Suite struct CandidateTests {
    private let workshop: Workshop

    init() throws { workshop = try Workshop() }

    /// What the critic says of a draft, asked as its check would ask it.
    private func odds(of drafted: DraftedPicture) throws -> Float {
        let models = workshop.models
        let backend = CPUBackend(threads: ThreadPolicy(count: 1))
        let noise = NoiseGenerator(seed: drafted.job.seed).latent(drafted.job.latentShape, stream: 0)
        let question = FlowQuestion(
            .agreement, state: noisedState(picture: drafted.estimate, noise: noise, time: 0.25), time: 0.25)
        let prompt = try models.shared.text(on: backend).encode(drafted.job.prompt).conditioning
        let critic = try #require(models.verifier.critic(on: backend))
        return try critic.odds([StudioDenoiser.Row(question, prompt: prompt, guidance: 1)])[0]
    }

    @Test(arguments: [0.8, 1]) func theBestOfThemGoesOnAndIsThatOfItsSeed(handoff: Double) throws {
        var request = workshop.request(handoff: handoff)
        let seeds = (0..<5).map(request.seed(ofCandidate:))
        #expect(seeds[0] == request.seed && Set(seeds).count == 5)
        let alone = try seeds.map { seed in
            try workshop.painter.draft(workshop.request(handoff: handoff, seed: seed), id: .random()) { _ in }
        }
        let odds = try alone.map(odds)
        let best = try #require(odds.indices.max { odds[$0] < odds[$1] })
        // Or one that always took the first would be right.
        #expect(best != 0)

        request.candidateCount = 5
        var steps: [Int] = []
        let chosen = try workshop.painter.draft(request, id: .random()) { step in
            steps.append(step.done)
            #expect(step.total == 5 * alone[0].job.handoffStep)
        }
        #expect(steps == Array(1...5 * alone[0].job.handoffStep))
        #expect(chosen.job.seed == seeds[best])
        #expect(chosen.estimate == alone[best].estimate && chosen.job.codedEstimate == alone[best].job.codedEstimate)
    }

    @Test func itIsReportedAndCanBeMadeAgain() async throws {
        var request = workshop.request()
        request.candidateCount = 3
        let best = try await workshop.embedded.make(request)
        #expect(best.report.candidateCount == 3 && best.report.draftSteps == 8)
        #expect(best.job.seed != request.seed)
        let again = try await workshop.embedded.make(workshop.request(seed: best.job.seed))
        #expect(again.report.candidateCount == 1 && again.picture == best.picture)
    }

    @Test func withoutACriticTheyAreRefused() throws {
        let poor = try Workshop { $0["critic"] = nil }
        var request = poor.request()
        request.candidateCount = 2
        #expect(throws: ModelError.noCritic(id: "studio-verifier")) {
            try poor.painter.draft(request, id: .random()) { _ in }
        }
    }
}
