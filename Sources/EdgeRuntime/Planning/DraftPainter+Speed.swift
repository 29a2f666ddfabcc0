import Foundation
public import Speculation

extension DraftPainter {
    /// Steps of a measured round.
    private static let measuredSteps = 8
    private static let rounds = 3

    /// Measures how fast this machine drafts a picture like the one that is asked for. Takes some forty steps.
    ///
    /// Means over a round's steps, because a processor that is rationed runs a few steps at once and then none; medians
    /// over the rounds, because on a machine with other work one of them may take several times as long as it needs.
    /// - Throws: as `draft`.
    public func measureSpeed(
        like request: GenerationRequest, cancellation: CancellationFlag = CancellationFlag()
    ) throws -> DeviceSpeed {
        let clock = ContinuousClock()
        // A step is a step, whatever mode is asked for.
        var asked = request
        (asked.mode, asked.exact, asked.verifierStepCount) = (.trust, nil, nil)
        (asked.stepCount, asked.handoffFraction, asked.candidateCount) = (Self.measuredSteps, 1, 1)
        let whole = asked
        // The first round compiles the graph and fills the caches.
        var drafted = try draft(whole, id: .random()) { _ in try cancellation.check() }
        let steps = try (0..<Self.rounds).map { _ in
            var instants: [ContinuousClock.Instant] = []
            drafted = try draft(whole, id: .random()) { _ in
                try cancellation.check()
                instants.append(clock.now)
            }
            guard let first = instants.first, let last = instants.last else { return 0.0 }
            return (last - first).inSeconds / Double(Self.measuredSteps - 1)
        }
        let secondsPerStep = median(steps)
        // A picture of two steps with a hand-off between, without its one drafted step: what every picture costs.
        (asked.stepCount, asked.handoffFraction) = (2, 0.5)
        let request = asked
        let fixed = try (0..<3).map { _ in
            try clock.measure {
                _ = try draft(request, id: .random()) { _ in try cancellation.check() }
            }.inSeconds - secondsPerStep
        }
        _ = try picture(of: drafted.estimate)
        let decoding = try (0..<3).map { _ in
            try clock.measure { _ = try picture(of: drafted.estimate) }.inSeconds
        }
        return DeviceSpeed(
            secondsPerStep: secondsPerStep, fixedSeconds: max(0, median(fixed)), decodeSeconds: median(decoding))
    }

    private func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        return sorted.isEmpty ? 0 : sorted[sorted.count / 2]
    }
}
