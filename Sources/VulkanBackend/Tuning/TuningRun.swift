import Graphs
import Tensors

/// Computes a graph in one way after another, and keeps the ledger of what its products and attentions take.
struct TuningRun {
    private(set) var ledger: TuningLedger
    /// Ways whose results were others, or that failed, each with the reason.
    private(set) var refused: [String] = []

    private let measurement: TuningMeasurement
    /// Results by the rules.
    private let expected: [String: Tensor]

    /// A way that takes so many times as long is not run again.
    private static let patience = 3.0
    /// Turns in which rules and findings are measured side by side in the end.
    private static let turns = 2

    /// Measures the graph as it is computed by the rules; once more on another device if the device is lost.
    ///
    /// - Throws: as `TuningMeasurement.outcome`.
    init(_ measurement: TuningMeasurement) throws {
        self.measurement = measurement
        let device = measurement.host.device
        let usual: TuningMeasurement.Outcome
        do {
            usual = try measurement.outcome(of: Tuning())
        } catch  where TuningRun.isLoss(error, of: device) {
            measurement.release()
            _ = try measurement.host.replacement(for: device)
            usual = try measurement.outcome(of: Tuning())
        }
        ledger = TuningLedger(usual: usual.seconds)
        expected = usual.results
    }

    // MARK: Trials

    /// Computes all products in a way; what goes wrong, or computes something else, is refused.
    ///
    /// - Throws: `VulkanError` if the device was lost and there is no other.
    mutating func measure(_ way: KernelWay) throws(VulkanError) {
        var trial = Tuning()
        for case .product(let problem) in ledger.usual.keys { trial.products[problem] = Tuning.Choice(way: way) }
        try measure(trial, way.name)
    }

    /// Computes all products with their depth in so many parts, each in the way that was fastest so far.
    ///
    /// - Throws: as above.
    mutating func measure(parts: Int) throws(VulkanError) {
        var trial = Tuning()
        for case .product(let problem) in ledger.usual.keys {
            trial.products[problem] = Tuning.Choice(way: ledger.found.products[problem]?.way, parts: parts)
        }
        try measure(trial, TuningRun.name(parts: parts))
    }

    static func name(parts: Int) -> String { "depth in \(parts) parts" }

    /// Computes all attentions in a way.
    ///
    /// - Throws: as above.
    mutating func measure(_ way: CooperativeAttentionTile.Way) throws(VulkanError) {
        var trial = Tuning()
        for case .attention(let problem) in ledger.usual.keys { trial.attention[problem] = way }
        guard !trial.attention.isEmpty else { return }
        try measure(trial, way.name)
    }

    private mutating func measure(_ trial: Tuning, _ name: String) throws(VulkanError) {
        let limit = TuningRun.patience * ledger.usual.values.reduce(0, +)
        guard let seconds = try seconds(of: trial, name, limit: limit) else { return }
        ledger.take(seconds, of: trial)
    }

    /// What is worth keeping: rules and findings are measured again side by side, node by node, and what is left of the findings
    /// as programs run them, where parts of a depth may be in each other's way.
    ///
    /// - Parameter announce: is told before each measurement.
    /// - Returns: that, and the seconds of a run without it and with it.
    /// - Throws: as above.
    mutating func confirmed(
        announce: () -> Void = {}
    ) throws(VulkanError) -> (tuning: Tuning, before: Double, after: Double) {
        var (usual, tuned) = ([TuningProblem: Double](), [TuningProblem: Double]())
        for _ in 0..<TuningRun.turns {
            announce()
            guard let rules = try seconds(of: Tuning(), "the rules once more", limit: .infinity),
                let findings = try seconds(of: ledger.found, "all that was found together", limit: .infinity)
            else { break }
            usual.merge(rules) { min($0, $1) }
            tuned.merge(findings) { min($0, $1) }
        }
        let found = ledger.confirmed(usual: usual, tuned: tuned)
        var candidates = [Tuning()]
        for candidate in [found, found.withoutParts] where !candidates.contains(candidate) {
            candidates.append(candidate)
        }
        let measurement = measurement
        var seconds = [Double](repeating: .infinity, count: candidates.count)
        for _ in 0..<TuningRun.turns {
            for (index, candidate) in candidates.enumerated() {
                announce()
                let whole = try guarded("all of it as programs run it") { try measurement.seconds(of: candidate) }
                seconds[index] = min(seconds[index], whole ?? .infinity)
            }
        }
        let best = candidates.indices.min { seconds[$0] < seconds[$1] } ?? 0
        // Where nothing could be run to its end there is nothing to keep, nor a time to tell.
        guard seconds[best].isFinite else {
            let nodes = ledger.usual.values.reduce(0, +)
            return (Tuning(), nodes, nodes)
        }
        return (candidates[best], seconds[0].isFinite ? seconds[0] : seconds[best], seconds[best])
    }

    /// What the problems take; nil, and refused, if something goes wrong or something else is computed.
    private mutating func seconds(
        of trial: Tuning, _ name: String, limit: Double
    ) throws(VulkanError) -> [TuningProblem: Double]? {
        let measurement = measurement
        guard let outcome = try guarded(name, { try measurement.outcome(of: trial, limit: limit) }) else { return nil }
        let difference = Difference(of: outcome.results, from: expected)
        if difference.isWithin(measurement.host.options.storage.tolerance) { return outcome.seconds }
        refused.append("\(name): its results are others (\(difference))")
        return nil
    }

    /// What the body gives; nil, and refused, if it fails. A lost device is set up anew.
    private mutating func guarded<Result>(
        _ name: String, _ body: () throws -> Result
    ) throws(VulkanError) -> Result? {
        let host = measurement.host
        let device = host.device
        do {
            return try body()
        } catch {
            refused.append("\(name): \(error)")
            if TuningRun.isLoss(error, of: device) {
                measurement.release()
                _ = try host.replacement(for: device)
            }
            return nil
        }
    }

    private static func isLoss(_ error: any Error, of device: VulkanDevice) -> Bool {
        device.isLost || (error as? VulkanError)?.isDeviceLoss == true
    }
}

extension ActivationStorage {
    /// The largest normalised mean squared error between two ways to compute a graph: of adding float32 in another order, or of
    /// rounding to 2⁻¹¹ or 2⁻⁸ elsewhere some dozens of times.
    var tolerance: Double {
        switch self {
        case .float32: 1e-8
        case .float16: 1e-4
        case .bfloat16: 1e-2
        }
    }
}
