import Diffusion
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

    /// The mean over the noise levels at which the critic is asked in the check.
    private func odds(
        of drafted: DraftedPicture, _ prompt: Conditioning, by critic: Exclusive<StudioCritic>
    ) throws -> Float {
        let job = drafted.job
        let noise = NoiseGenerator(seed: job.seed).latent(job.latentShape, stream: 0)
        let asked = models.checkRule?.prompt.flatMap { $0.statistic == .promptDoubt ? $0.times : nil }
        let rows = (asked ?? CheckStatistic.promptDoubt.usualTimes).map { time in
            StudioDenoiser.Row(
                FlowQuestion(.agreement, picture: drafted.estimate, noise: noise, time: time), prompt: prompt,
                guidance: 1)
        }
        let odds = try critic.withLock { try $0.odds(rows) }
        return odds.reduce(0, +) / Float(odds.count)
    }
}
