/// A function that was measured at a few places: on the straight line between two of them, flat outside all.
struct PiecewiseLinear {
    /// Not falling.
    let xs: [Double]
    /// One for each of `xs`.
    let ys: [Double]

    /// - Precondition: there is a place, and as many values as places.
    init(_ xs: [Double], _ ys: [Double]) {
        precondition(!xs.isEmpty && xs.count == ys.count, "\(ys.count) values at \(xs.count) places")
        (self.xs, self.ys) = (xs, ys)
    }

    /// Of equal places the last counts; a NaN gets the first value.
    func value(at x: Double) -> Double {
        // Exactly the measured value at a place, and so `>` and not `≥`. A NaN is above nothing.
        guard let above = xs.firstIndex(where: { $0 > x }) else { return x.isNaN ? ys[0] : ys[ys.count - 1] }
        guard above > 0 else { return ys[0] }
        let (low, high) = (xs[above - 1], xs[above])
        return ys[above - 1] + (x - low) / (high - low) * (ys[above] - ys[above - 1])
    }
}
