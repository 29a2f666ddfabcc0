import Speculation

/// Times the stages of one job, one after another.
struct StageClock {
    private(set) var times: [StageTime] = []
    private let clock = ContinuousClock()

    /// Runs one stage and keeps how long it took, also when it fails.
    mutating func time<Value>(_ name: String, _ work: () throws -> Value) rethrows -> Value {
        let start = clock.now
        defer {
            let (seconds, attoseconds) = (clock.now - start).components
            times.append(
                StageTime(name: name, milliseconds: 1e3 * Double(seconds) + Double(attoseconds) / 1e15))
        }
        return try work()
    }
}
