public import Diffusion

/// What the check reads off the verifier's answer at a noise level, about s, the draft's estimate.
///
/// x̂₀ is the guided verifier's picture estimate at (1 − t)·s + t·ξ, x̂₀(c) and x̂₀(∅) are those with the prompt and with
/// the empty one, without guidance.
public enum CheckStatistic: String, Hashable, Sendable, Codable, CaseIterable {
    /// d = RMS(x̂₀ − s): how far the verifier's own picture is.
    ///
    /// Not divided by RMS(s): undivided, with guidance and with the seed's own noise, it ranked drafts best. At low
    /// levels it tells noise and blur.
    case estimateDistance
    /// m = 1 − ⟨s − x̂₀(∅), x̂₀(c) − x̂₀(∅)⟩ / ‖x̂₀(c) − x̂₀(∅)‖²: the share of what the prompt asks for that s lacks.
    ///
    /// 1: the picture shows no more of the prompt c than one without it; 0: as much as the prompt alone adds; below 0:
    /// more, as pictures made with guidance do. A share along one direction, so the contrast of the scene does not
    /// matter. At high levels, where the verifier does not yet go along
    /// with what it is shown, it tells another object or colour. It is the diffusion classifier (arXiv 2303.16203) as a
    /// projection: (‖x̂₀(∅) − s‖² − ‖x̂₀(c) − s‖²) / ‖x̂₀(c) − x̂₀(∅)‖² = 1 − 2m.
    case promptShortfall
    /// −log odds, by a critic, that the picture shows the prompt.
    ///
    /// Asks what the shortfall asks, of a small network that was trained for it on pictures beside words that are true of
    /// them and words that are not: no evaluation of the verifier.
    case promptDoubt
    /// −log odds, by a critic, that the noised picture is one of the verifier's own and none of the draft's.
    ///
    /// The log of the ratio of both densities at that noise level, as a classifier of pictures of both learns it
    /// (discriminator rejection sampling, arXiv 1810.06758). It sees what words do not: handles, legs, rims. What noise
    /// hides of a fault does not count, for the verifier draws that anew (SDEdit, arXiv 2108.01073): the lowest level at
    /// which the draft cannot be told from the verifier's is where to take it up again.
    case unlikeness

    /// Noise levels at which it is read where nobody says: a prompt's shortfall where the verifier does not yet go along with
    /// what it is shown, a critic's doubt where little is hidden. Of a draft's distance and likeness those above the hand-off are
    /// where it may be taken up again.
    public var usualTimes: [Double] {
        switch self {
        case .estimateDistance: [0.2, 0.3, 0.6, 0.75, 0.9]
        case .promptShortfall: [0.7, 0.9]
        case .promptDoubt: [0.25]
        case .unlikeness: [0.6, 0.75, 0.85, 0.92]
        }
    }

    /// What the verifier or its critic has to be asked.
    public var subject: FlowQuestion.Subject {
        switch self {
        case .estimateDistance: .velocity
        case .promptShortfall: .prompt
        case .promptDoubt: .agreement
        case .unlikeness: .likeness
        }
    }

    /// The statistic's value; not finite if an element is not, and NaN of an answer to another question.
    ///
    /// - Parameters:
    ///   - estimate: s.
    ///   - question: asked at (1 − t)·s + t·ξ.
    /// - Precondition: all have one shape.
    public func value(estimate: Latent, question: FlowQuestion, answer: FlowAnswer) -> Float {
        func picture(_ velocity: Latent) -> Latent {
            pictureEstimate(state: question.state, velocity: velocity, time: question.time)
        }
        switch (self, answer) {
        case (.estimateDistance, .velocity(let velocity)):
            let squares = zip(picture(velocity).values, estimate.values).reduce(0) { sum, pair in
                let difference = Double(pair.0) - Double(pair.1)
                return sum + difference * difference
            }
            return Float((squares / Double(estimate.values.count)).squareRoot())
        case (.promptShortfall, .prompt(let contrast)):
            let (prompted, unprompted) = (picture(contrast.prompted), picture(contrast.unprompted))
            var (shown, asked) = (0.0, 0.0)
            for i in estimate.values.indices {
                let pull = Double(prompted.values[i]) - Double(unprompted.values[i])
                shown += (Double(estimate.values[i]) - Double(unprompted.values[i])) * pull
                asked += pull * pull
            }
            // Where the prompt changes less than this, it asks for nothing, and the ratio would be one of roundings.
            let least = Double(estimate.values.count) * 1e-6
            return Float((asked - shown) / max(asked, least))
        case (.promptDoubt, .agreement(let odds)), (.unlikeness, .likeness(let odds)):
            return -odds
        case (.estimateDistance, _), (.promptShortfall, _), (.promptDoubt, _), (.unlikeness, _):
            return .nan
        }
    }
}
