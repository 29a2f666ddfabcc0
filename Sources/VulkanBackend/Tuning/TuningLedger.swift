/// What the products and attentions of a graph take in the ways tried so far, and which was the fastest for each.
struct TuningLedger {
    /// What is measured, whatever the node's weights.
    enum Problem: Hashable, Sendable {
        case product(ProductProblem)
        case attention(AttentionProblem)
    }

    /// Seconds of all nodes of a problem in one run, by the rules alone.
    let usual: [Problem: Double]
    /// The fastest so far, of problems for which anything was faster than the rules.
    private(set) var found = Tuning()
    private var fastest: [Problem: Double] = [:]

    /// Another way must take so much of the time of the usual one at most, or the next measurement may say the opposite.
    static let gain = 0.97

    init(usual: [Problem: Double]) { self.usual = usual }

    /// Takes over what a trial made faster.
    mutating func take(_ seconds: [Problem: Double], of trial: Tuning) {
        for (problem, seconds) in seconds where seconds < fastest[problem] ?? usual[problem] ?? 0 {
            switch problem {
            case .product(let product):
                guard let choice = trial.products[product] else { continue }
                found.products[product] = choice
            case .attention(let attention):
                guard let way = trial.attention[attention] else { continue }
                found.attention[attention] = way
            }
            fastest[problem] = seconds
        }
    }

    /// What is worth it once both were measured again, side by side; of the rest the rules.
    ///
    /// - Parameters:
    ///   - usual: seconds by the rules.
    ///   - tuned: seconds with all that was found.
    /// - Returns: what to keep, how many problems that are, and what all of them take with it.
    func confirmed(
        usual: [Problem: Double], tuned: [Problem: Double]
    ) -> (tuning: Tuning, count: Int, seconds: Double) {
        var (tuning, count, whole) = (Tuning(), 0, 0.0)
        for (problem, before) in usual {
            let after = tuned[problem] ?? .infinity
            var isTuned = false
            if after < TuningLedger.gain * before {
                switch problem {
                case .product(let product):
                    tuning.products[product] = found.products[product]
                    isTuned = found.products[product] != nil
                case .attention(let attention):
                    tuning.attention[attention] = found.attention[attention]
                    isTuned = found.attention[attention] != nil
                }
            }
            count += isTuned ? 1 : 0
            whole += isTuned ? after : before
        }
        return (tuning, count, whole)
    }
}
