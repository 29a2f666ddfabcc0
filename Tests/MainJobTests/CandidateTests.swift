import CPUBackend
import Diffusion
import EdgeRuntime
import Foundation
import Models
import Speculation
import Testing

/// Several drafts, of which the critic of the fixtures' verifier chooses one.
@Suite struct CandidateTests {
    private let workshop: Workshop

    init() throws { workshop = try Workshop() }

    /// What the critic says of a draft, asked as its check would ask it: the probability of all its answers.
    private func score(
        of drafted: DraftedPicture, by models: ModelPair, likenessTime: Double? = nil
    ) throws -> Double {
        let backend = CPUBackend(threads: ThreadPolicy(count: 1))
        let job = drafted.job
        let noise = NoiseGenerator(seed: job.seed).latent(job.latentShape, stream: 0)
        let asked = [(FlowQuestion.Subject.agreement, 0.25)] + (likenessTime.map { [(.likeness, $0)] } ?? [])
        let prompt = try models.shared.text(on: backend).encode(job.prompt).conditioning
        let rows = asked.map { subject, time in
            StudioDenoiser.Row(
                FlowQuestion(subject, picture: drafted.estimate, noise: noise, time: time), prompt: prompt, guidance: 1)
        }
        let critic = try #require(models.verifier.critic(on: backend))
        return try critic.answers(to: rows).reduce(1) { product, answer in
            switch answer {
            case .agreement(let odds), .likeness(let odds): product / (1 + exp(-Double(odds)))
            case .velocity, .prompt: .nan
            }
        }
    }

    @Test(arguments: [0.8, 1]) func theBestOfThemGoesOnAndIsThatOfItsSeed(handoff: Double) throws {
        var request = workshop.request(handoff: handoff)
        let seeds = (0..<5).map(request.seed(ofCandidate:))
        #expect(seeds[0] == request.seed && Set(seeds).count == 5)
        let alone = try seeds.map { seed in
            try workshop.painter.draft(workshop.request(handoff: handoff, seed: seed), id: .random()) { _ in }
        }
        let scores = try alone.map { try score(of: $0, by: workshop.models) }
        let best = try #require(scores.indices.max { scores[$0] < scores[$1] })
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

    /// A check that asks for likeness too chooses by it, at the hand-off or the least noise that it was measured at.
    @Test(arguments: [(0.8, nil), (1, nil), (0.8, 0)] as [(Double, Double?)])
    func likenessCountsWhereTheCheckAsksForIt(handoff: Double, share: Double?) throws {
        let asking = try Workshop(mostDoubt: 0, mostUnlikeness: (0, 0))
        var request = asking.request(handoff: handoff)
        request.checkLikeness = share
        let alone = try (0..<5).map { number in
            try asking.painter.draft(
                asking.request(handoff: handoff, seed: request.seed(ofCandidate: number)), id: .random()
            ) { _ in }
        }
        let job = alone[0].job
        let time = try FlowSchedule(stepCount: job.stepCount, shift: job.scheduleShift).times[job.handoffStep]
        let scores = try alone.map {
            try score(of: $0, by: asking.models, likenessTime: share == 0 ? nil : max(0.43, time))
        }
        let best = try #require(scores.indices.max { scores[$0] < scores[$1] })
        request.candidateCount = 5
        #expect(try asking.painter.draft(request, id: .random()) { _ in }.job.seed == alone[best].job.seed)
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
