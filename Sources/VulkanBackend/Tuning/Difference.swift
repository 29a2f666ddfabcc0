import Tensors

/// How far the results of a graph are from those of another way to compute it.
struct Difference: CustomStringConvertible {
    /// The largest normalised mean squared error of a result; NaN if one is.
    private(set) var error = 0.0
    /// Of a single element, against the root mean square of its result: an edge that is wrong hardly shows in the error.
    private(set) var largest = 0.0

    init(of found: [String: Tensor], from expected: [String: Tensor]) {
        for (name, tensor) in expected {
            let (a, b) = (found[name]?.floats() ?? [], tensor.floats())
            guard a.count == b.count else {
                (error, largest) = (.infinity, .infinity)
                return
            }
            var (sum, energy, most) = (0.0, 0.0, 0.0)
            for (a, b) in zip(a, b) {
                let difference = Double(a) - Double(b)
                sum += difference * difference
                energy += Double(b) * Double(b)
                most = max(most, abs(difference))
            }
            guard sum != 0 else { continue }
            // A NaN stays.
            if (sum / energy).isNaN || sum / energy > error { error = sum / energy }
            largest = max(largest, most / (energy / Double(b.count)).squareRoot())
        }
    }

    /// - Parameter tolerance: of the error. An element may be off by ten times its root: less is seen among a hundred thousand, and
    ///   a wrong one by as much as it is large.
    func isWithin(_ tolerance: Double) -> Bool {
        // Written so that a NaN is not.
        error <= tolerance && largest <= 10 * tolerance.squareRoot()
    }

    var description: String { "NMSE \(error), one element off by \(largest) of their root mean square" }
}
