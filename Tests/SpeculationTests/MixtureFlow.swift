import Diffusion
import Foundation

/// The exact flow of a mixture of normal pictures N(μ_k, τ²): a verifier whose every answer is known.
///
/// Given the component, x_t is normal with mean (1−t)·μ_k and variance V = (1−t)²τ² + t², so
/// E[x₀] = μ_k + (1−t)·τ²/V·(x − (1−t)·μ_k) and E[ξ] = t/V·(x − (1−t)·μ_k); v = E[ξ] − E[x₀], averaged
/// over the components' posterior.
struct MixtureFlow: PromptComparing {
    static let shape = LatentShape(height: 8, width: 8, channelCount: 4)

    var centres: [Latent]
    let deviation = 0.2
    /// Rows that were evaluated, and batches.
    private(set) var evaluations = 0
    private(set) var batches = 0
    /// Replaces the first element of every velocity from this row on.
    var fault: (row: Int, value: Float)?
    /// The component that the prompt asks for, guidance scale 2; nil asks for nothing.
    var prompted: Int?

    /// Four pictures that are far apart.
    init() {
        self.centres = (0..<4).map { NoiseGenerator(seed: 1000).latent(Self.shape, stream: UInt32($0)) }
    }

    mutating func velocities(_ states: [Latent], at times: [Double]) -> [Latent] {
        batches += 1
        return zip(states, times).map { velocity($0, $1) }
    }

    mutating func answers(to questions: [FlowQuestion]) -> FlowAnswers {
        batches += 1
        let rows = questions.map { question in
            let velocity = velocity(question.state, question.time)
            switch question.subject {
            case .velocity: return FlowAnswer.velocity(velocity)
            case .prompt: return .prompt(contrast(question.state, question.time))
            // It has no critic.
            case .agreement: return .agreement(.nan)
            case .likeness: return .likeness(.nan)
            }
        }
        return FlowAnswers(rows: rows, evaluationCount: rows.count)
    }

    private mutating func velocity(_ state: Latent, _ time: Double) -> Latent {
        evaluations += 1
        let contrast = contrast(state, time)
        var velocity = contrast.unprompted
        if prompted != nil {
            for i in velocity.values.indices {
                velocity.values[i] += 2 * (contrast.prompted.values[i] - contrast.unprompted.values[i])
            }
        }
        if let fault, evaluations > fault.row { velocity.values[0] = fault.value }
        return velocity
    }

    private func contrast(_ state: Latent, _ time: Double) -> PromptContrast {
        let unprompted = exactVelocity(state, time, centres)
        return PromptContrast(
            prompted: prompted.map { exactVelocity(state, time, [centres[$0]]) } ?? unprompted,
            unprompted: unprompted)
    }

    private func exactVelocity(_ state: Latent, _ t: Double, _ centres: [Latent]) -> Latent {
        let variance = (1 - t) * (1 - t) * deviation * deviation + t * t
        let logs = centres.map { centre in
            zip(state.values, centre.values).reduce(0.0) { sum, pair in
                let offset = Double(pair.0) - (1 - t) * Double(pair.1)
                return sum - offset * offset / (2 * variance)
            }
        }
        let weights = logs.map { exp($0 - (logs.max() ?? 0)) }
        let total = weights.reduce(0, +)
        var result = state
        for i in result.values.indices {
            let x = Double(state.values[i])
            result.values[i] = Float(
                zip(centres, weights).reduce(0.0) { sum, component in
                    let centre = Double(component.0.values[i])
                    let offset = (x - (1 - t) * centre) / variance
                    let picture = centre + (1 - t) * deviation * deviation * offset
                    return sum + component.1 / total * (t * offset - picture)
                })
        }
        return result
    }
}

func rootMeanSquare(_ a: Latent, _ b: Latent) -> Double {
    let squares = zip(a.values, b.values).map { Double($0 - $1) * Double($0 - $1) }
    return (squares.reduce(0, +) / Double(squares.count)).squareRoot()
}
