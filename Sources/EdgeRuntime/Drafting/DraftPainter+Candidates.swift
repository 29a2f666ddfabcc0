import Diffusion
import Foundation
import Models
import Speculation

extension DraftPainter {
    /// Drafts every candidate of a request and keeps the one whose picture the critic doubts least; the first of equals.
    ///
    /// Drafts are cheap here and a critic's question cheaper still, while the verifier sees one of them all the same. The job
    /// has that one's seed: a request of it alone gives the same picture.
    ///
    /// - Throws: `ModelError.noCritic`, or as `draft`.
    func bestOfCandidates(
        _ request: GenerationRequest, id: JobID, progress: (DraftStep) throws -> Void
    ) throws -> DraftedPicture {
        guard let critic else { throw ModelError.noCritic(id: models.verifier.id) }
        let count = request.candidateCount
        let prompt = try studio.withLock { try $0.text.encode(request.prompt).conditioning }
        func drafted(_ number: Int) throws -> (picture: DraftedPicture, odds: Float) {
            var candidate = request
            candidate.seed = request.seed(ofCandidate: number)
            let drafted = try draftOne(candidate, id: id) { step in
                try progress(
                    DraftStep(
                        done: number * step.total + step.done, total: count * step.total, estimate: step.estimate))
            }
            return (drafted, try odds(of: drafted, prompt, by: critic))
        }
        var best = try drafted(0)
        for number in 1..<count {
            let next = try drafted(number)
            // Odds that are no number are never the better ones.
            if next.odds > best.odds || best.odds.isNaN { best = next }
        }
        return best.picture
    }

    /// How sure the critic is of a draft: of its prompt, a mean over the noise levels at which the check asks it, and, where the
    /// check asks for likeness at the hand-off, of both (the log of the product of the two probabilities).
    private func odds(
        of drafted: DraftedPicture, _ prompt: Conditioning, by critic: Exclusive<StudioCritic>
    ) throws -> Float {
        let job = drafted.job
        let noise = NoiseGenerator(seed: job.seed).latent(job.latentShape, stream: 0)
        func row(_ subject: FlowQuestion.Subject, _ time: Double) -> StudioDenoiser.Row {
            StudioDenoiser.Row(
                FlowQuestion(subject, picture: drafted.estimate, noise: noise, time: time), prompt: prompt,
                guidance: 1)
        }
        let rule = models.checkRule
        let asked = rule?.prompt.flatMap { $0.statistic == .promptDoubt ? $0.times : nil }
        var rows = (asked ?? CheckStatistic.promptDoubt.usualTimes).map { row(.agreement, $0) }
        let promptCount = rows.count
        let time = try FlowSchedule(stepCount: job.stepCount, shift: job.scheduleShift).times[job.handoffStep]
        if job.checkLikeness != 0, let level = rule?.likeness(at: time, handoffTime: time) {
            rows.append(row(.likeness, level.time))
        }
        let odds = try critic.withLock { try $0.answers(to: rows) }.map(\.odds)
        let agreement = odds.prefix(promptCount).reduce(0, +) / Float(promptCount)
        return odds.dropFirst(promptCount).reduce(logProbability(agreement)) { $0 + logProbability($1) }
    }
}

/// ln of the probability whose log odds these are.
private func logProbability(_ odds: Float) -> Float { min(odds, 0) - log1p(exp(-abs(odds))) }

extension FlowAnswer {
    /// A critic's; NaN of a model's own answer.
    fileprivate var odds: Float {
        switch self {
        case .agreement(let odds), .likeness(let odds): odds
        case .velocity, .prompt: .nan
        }
    }
}
