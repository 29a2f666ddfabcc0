import Speculation

/// How well a statistic tells two samples apart.
enum Discrimination {
    /// The area under the ROC curve: the probability that a fault's value is above a good one's, ties counting half.
    ///
    /// Nil if a sample is empty. Values that are not finite count as above all.
    static func area(faults: [Double], good: [Double]) -> Double? {
        guard !faults.isEmpty, !good.isEmpty else { return nil }
        let order = { (value: Double) in value.isFinite ? value : .infinity }
        let sorted = good.map(order).sorted()
        var sum = 0.0
        for fault in faults.map(order) {
            let below = sorted.partitioningIndex { $0 >= fault }
            let upTo = sorted.partitioningIndex { $0 > fault }
            sum += Double(below) + Double(upTo - below) / 2
        }
        return sum / (Double(faults.count) * Double(good.count))
    }

    /// The share of faults above the value that 95 % of the good stay below.
    static func caughtAtFivePercent(faults: [Double], good: [Double]) -> Double? {
        guard !faults.isEmpty, let threshold = QuantileTable(of: good)?.value(at: 0.95) else { return nil }
        return Double(faults.count { !($0 <= threshold) }) / Double(faults.count)
    }
}

extension [Double] {
    /// The first index of a sorted array whose element meets a condition that all later ones meet too.
    func partitioningIndex(_ condition: (Double) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if condition(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// The middle value, nil of none.
    var median: Double? {
        guard !isEmpty else { return nil }
        let sorted = sorted()
        return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2
    }
}
