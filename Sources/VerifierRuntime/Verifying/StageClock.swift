import Speculation

/// Times the stages of one job, one after another.
struct StageClock {
    private(set) var times: [StageTime] = []
    private let clock = ContinuousClock()

    /// Runs one stage and keeps how long it took, also when it fails.
    mutating func time<Value>(_ name: String, _ work: () throws -> Value) rethrows -> Value {
        let start = clock.now
        defer { add(clock.now - start, to: name) }
        return try work()
    }

    /// Counts a part of a stage that is taken in parts.
    mutating func add(_ duration: Duration, to name: String) {
        var milliseconds = 1e3 * duration.inSeconds
        // A stage's parts follow each other.
        if let last = times.last, last.name == name { milliseconds += times.removeLast().milliseconds }
        times.append(StageTime(name: name, milliseconds: milliseconds))
    }
}
