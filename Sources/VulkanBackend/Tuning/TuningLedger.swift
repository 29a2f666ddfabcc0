/// What the products and attentions of a graph take in the ways tried so far, and which was the fastest for each.
struct TuningLedger {
    /// Seconds of all nodes of a problem in one run, by the rules alone.
    let usual: [TuningProblem: Double]
    /// The fastest so far, of problems for which anything was faster than the rules.
    private(set) var found = Tuning()
    private var fastest: [TuningProblem: Double] = [:]

    /// Another way must take so much of the time of the usual one at most, or the next measurement may say the opposite.
    static let gain = 0.97

    init(usual: [TuningProblem: Double]) { self.usual = usual }

    /// Takes over what a trial made faster.
    mutating func take(_ seconds: [TuningProblem: Double], of trial: Tuning) {
        for (problem, seconds) in seconds where seconds < fastest[problem] ?? usual[problem] ?? 0 {
            guard trial.knows(problem) else { continue }
            found.take(problem, from: trial)
            fastest[problem] = seconds
        }
    }

    /// What is worth it once both were measured again, side by side; of the rest the rules.
    ///
    /// - Parameters:
    ///   - usual: seconds by the rules.
    ///   - tuned: seconds with all that was found.
    func confirmed(usual: [TuningProblem: Double], tuned: [TuningProblem: Double]) -> Tuning {
        var tuning = Tuning()
        for (problem, before) in usual where found.knows(problem) {
            if tuned[problem] ?? .infinity < TuningLedger.gain * before { tuning.take(problem, from: found) }
        }
        return tuning
    }
}
