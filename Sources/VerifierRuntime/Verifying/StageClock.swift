import Speculation

/// Times the stages of one job, one after another.
struct StageClock {
    private(set) var times: [StageTime] = []
    private let clock = ContinuousClock()

    /// Runs one stage and keeps how long it took, also when it fails.
    ///
    /// - Parameter preparation: what compiling graphs has taken so far. What it takes in this stage is counted by itself: it
    ///   comes once, and says nothing of the next picture.
    mutating func time<Value>(
        _ name: String, preparation: () -> Duration = { .zero }, _ work: () throws -> Value
    ) rethrows -> Value {
        let (start, prepared) = (clock.now, preparation())
        defer {
            let preparing = preparation() - prepared
            prepare(preparing)
            add(clock.now - start - preparing, to: name)
        }
        return try work()
    }

    /// Counts what it took to compile graphs.
    mutating func prepare(_ duration: Duration) {
        if duration > .zero { add(duration, to: VerificationTelemetry.preparationStage) }
    }

    /// Counts a part of a stage that is taken in parts.
    mutating func add(_ duration: Duration, to name: String) {
        let milliseconds = 1e3 * duration.inSeconds
        guard let index = times.firstIndex(where: { $0.name == name }) else {
            return times.append(StageTime(name: name, milliseconds: milliseconds))
        }
        times[index] = StageTime(name: name, milliseconds: times[index].milliseconds + milliseconds)
    }
}
