public import Tensors
public import Testing

/// How far numbers are from those expected.
public struct NumericComparison: Hashable, Sendable {
    /// First element that is NaN or infinite where a finite one is expected; nothing else counts then.
    public let firstNonFinite: Int?
    /// Σ(found − expected)²/Σ expected²; zero where both sums are zero.
    public let normalisedError: Double
    public let largestError: Double
    /// Where the largest error is.
    public let worstIndex: Int

    /// Compares element by element. Both must have as many elements.
    public init(_ found: [Float], with expected: [Float]) {
        precondition(found.count == expected.count, "\(found.count) elements against \(expected.count)")
        firstNonFinite = found.indices.first { !found[$0].isFinite }
        var (error, energy, largest, worst) = (0.0, 0.0, 0.0, 0)
        for index in found.indices {
            let distance = Double(found[index]) - Double(expected[index])
            error += distance * distance
            energy += Double(expected[index]) * Double(expected[index])
            if abs(distance) > largest { (largest, worst) = (abs(distance), index) }
        }
        normalisedError = error == 0 ? 0 : error / energy
        largestError = largest
        worstIndex = worst
    }
}

/// What keeps `found` from being near `expected`, nil if nothing does.
///
/// - Parameters:
///   - bound: largest normalised mean squared error.
///   - largest: largest absolute error of one element, unlimited unless given.
public func distanceFault(
    _ found: Tensor?, _ expected: Tensor, bound: Double, largest: Double = .infinity
) -> String? {
    guard let found else { return "there is no result" }
    guard found.shape == expected.shape, found.elementType == expected.elementType else {
        return "\(found.elementType) \(found.shape), expected \(expected.elementType) \(expected.shape)"
    }
    let (floats, wanted) = (found.floats(), expected.floats())
    if let index = wanted.firstIndex(where: { !$0.isFinite }) {
        return "the expected element \(index) is \(wanted[index]): compare finite numbers"
    }
    let comparison = NumericComparison(floats, with: wanted)
    if let index = comparison.firstNonFinite {
        return "element \(index) is \(floats[index]), expected \(wanted[index])"
    }
    // Written so that a NaN fails.
    guard comparison.normalisedError <= bound, comparison.largestError <= largest else {
        let worst = comparison.worstIndex
        return "NMSE \(comparison.normalisedError) (bound \(bound)), largest error \(comparison.largestError) "
            + "(bound \(largest)) at element \(worst): \(floats[worst]), expected \(wanted[worst])"
    }
    return nil
}

/// Records an issue unless `found` is finite, shaped as `expected`, and near it; see `distanceFault`.
public func expectClose(
    _ found: Tensor?, _ expected: Tensor, bound: Double, largest: Double = .infinity,
    _ comment: @autoclosure () -> String = "", sourceLocation: SourceLocation = #_sourceLocation
) {
    if let fault = distanceFault(found, expected, bound: bound, largest: largest) {
        Issue.record("\(comment()) \(fault)", sourceLocation: sourceLocation)
    }
}
