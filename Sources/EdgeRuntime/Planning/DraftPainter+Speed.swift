import Foundation
public import Speculation

extension DraftPainter {
    /// Steps of the measured picture, the first two not counted: they compile the graph and fill the caches.
    private static let measuredSteps = 8

    /// Measures how fast this machine drafts a picture like the one that is asked for. Takes some fifteen steps.
    ///
    /// Times are medians: on a machine with other work single steps take several times as long as they need.
    /// - Throws: as `draft`.
    public func measureSpeed(
        like request: GenerationRequest, cancellation: CancellationFlag = CancellationFlag()
    ) throws -> DeviceSpeed {
        let clock = ContinuousClock()
        var asked = request
        (asked.stepCount, asked.handoffFraction) = (Self.measuredSteps, 1)
        var instants: [ContinuousClock.Instant] = []
        let drafted = try draft(asked, id: .random()) { _ in
            try cancellation.check()
            instants.append(clock.now)
        }
        let steps = zip(instants.dropFirst(), instants.dropFirst(2)).map { ($1 - $0).inSeconds }
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

extension Duration {
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
