import Foundation

/// Statistics that a right sampler passes and a wrong one must not.
public enum Statistics {
    /// √n·sup|F_n − F|: Kolmogorov and Smirnov against the standard normal law. Above 1.95 with probability 0.001.
    public static func normalDistance(_ samples: [Double]) -> Double {
        let (sorted, count) = (samples.sorted(), Double(samples.count))
        let largest = sorted.enumerated().reduce(0.0) { largest, entry in
            let value = distribution(entry.element)
            return max(largest, value - Double(entry.offset) / count, Double(entry.offset + 1) / count - value)
        }
        return largest * count.squareRoot()
    }

    /// √(nm/(n+m))·sup|F_n − G_m|: the same between two samples.
    public static func distance(_ a: [Double], _ b: [Double]) -> Double {
        let (a, b) = (a.sorted(), b.sorted())
        var (i, j, largest) = (0, 0, 0.0)
        while i < a.count, j < b.count {
            let value = min(a[i], b[j])
            while i < a.count, a[i] <= value { i += 1 }
            while j < b.count, b[j] <= value { j += 1 }
            largest = max(largest, abs(Double(i) / Double(a.count) - Double(j) / Double(b.count)))
        }
        return largest * (Double(a.count * b.count) / Double(a.count + b.count)).squareRoot()
    }

    /// What `normalDistance` and `distance` exceed with probability 0.001 where the laws are alike.
    public static let bound = 1.95

    /// Φ.
    public static func distribution(_ x: Double) -> Double { 0.5 * erfc(-x / 2.0.squareRoot()) }

    /// 2Φ(−distance/2).
    public static func acceptance(_ distance: Double) -> Double { 2 * distribution(-distance / 2) }
}
