import Diffusion
import Speculation

/// Whether two sets of latents come from one law: the energy distance and how often chance alone gives as much.
///
/// Székely and Rizzo's 2·E‖X−Y‖ − E‖X−X'‖ − E‖Y−Y'‖, compared with the same after shuffling who belongs to which set.
struct EnergyTest {
    private static let shuffles = 999

    let distance: Double
    /// The share of shuffles with at least this distance; uniform on (0, 1] where the laws are alike.
    let probability: Double

    init(_ a: [Latent], _ b: [Latent]) {
        let all = a + b
        let count = all.count
        var distances = [Double](repeating: 0, count: count * count)
        for i in 0..<count {
            for j in 0..<i {
                distances[i * count + j] = Self.distance(all[i], all[j])
                distances[j * count + i] = distances[i * count + j]
            }
        }
        var order = Array(0..<count)
        distance = Self.energy(distances, order, split: a.count)
        var atLeast = 1
        // Seeded, so that a report can be made again.
        var random = SplitMix(state: 1)
        for _ in 0..<Self.shuffles {
            order.shuffle(using: &random)
            if Self.energy(distances, order, split: a.count) >= distance { atLeast += 1 }
        }
        probability = Double(atLeast) / Double(Self.shuffles + 1)
    }

    private static func energy(_ distances: [Double], _ order: [Int], split: Int) -> Double {
        let count = order.count
        var (within, between, other) = (0.0, 0.0, 0.0)
        for i in 0..<count {
            for j in 0..<count {
                let value = distances[order[i] * count + order[j]]
                if i < split, j < split {
                    within += value
                } else if i >= split, j >= split {
                    other += value
                } else {
                    between += value
                }
            }
        }
        let (m, n) = (Double(split), Double(count - split))
        return between / (m * n) - within / (m * m) - other / (n * n)
    }

    private static func distance(_ a: Latent, _ b: Latent) -> Double {
        var sum = 0.0
        for i in a.values.indices {
            let difference = Double(a.values[i]) - Double(b.values[i])
            sum += difference * difference
        }
        return sum.squareRoot()
    }
}

/// The draft alone, as speculation whose rule does not judge: what the test of the law must find.
struct CredulousCoupling: SpeculativeCoupling {
    func couple(
        draftMean: Latent, verifierMean: Latent, noise: Latent, sigma: Double, logUniform: Double
    ) -> CoupledStep {
        ReflectionCoupling().couple(
            draftMean: draftMean, verifierMean: draftMean, noise: noise, sigma: sigma, logUniform: logUniform)
    }
}
