/// Several measurements of one thing.
struct Sample: Hashable, Sendable {
    let values: [Double]

    init(_ values: [Double]) {
        self.values = values
    }

    var count: Int { values.count }
    var mean: Double { values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count) }

    /// Of the mean; 0 for fewer than two values, which say nothing of it.
    var standardError: Double {
        guard values.count > 1 else { return 0 }
        let mean = mean
        let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        return (squares / Double(values.count - 1) / Double(values.count)).squareRoot()
    }

    /// Half the values are at most this.
    var median: Double { values.median ?? 0 }

    /// How far the values lie apart: the standard deviation of a normal sample with their median distance from the median,
    /// so that a lost segment in one of them does not count. 0 for fewer than two.
    var spread: Double {
        let median = median
        return values.count > 1 ? 1.4826 * (Sample(values.map { abs($0 - median) }).median) : 0
    }

    /// Of the median, for values that are about normal; infinite for fewer than two, which say nothing of it.
    var medianError: Double {
        values.count > 1 ? 1.2533 * spread / Double(values.count).squareRoot() : .infinity
    }
}
