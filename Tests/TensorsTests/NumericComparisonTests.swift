import Tensors
import TestSupport
import Testing

/// The measure that all numeric tests trust.
@Suite struct NumericComparisonTests {
    @Test func errorIsRelativeToTheExpectedEnergy() {
        let comparison = NumericComparison([3, 4.5], with: [3, 4])
        #expect(comparison.normalisedError == 0.25 / 25)
        #expect(comparison.largestError == 0.5)
        #expect(comparison.worstIndex == 1)
    }

    @Test func zeroIsOnlyNearZero() {
        #expect(NumericComparison([0, 0], with: [0, 0]).normalisedError == 0)
        #expect(NumericComparison([0, 1e-9], with: [0, 0]).normalisedError == .infinity)
    }

    @Test(arguments: [Float.nan, .infinity, -.infinity])
    func nonFiniteFailsWhateverTheBound(_ value: Float) throws {
        let fault = distanceFault(Tensor([2], [1, value]), Tensor([2], [1, 2] as [Float]), bound: .infinity)
        #expect(try #require(fault).hasPrefix("element 1 is"))
    }

    @Test func missingMisshapenAndFarResultsFail() {
        let expected = Tensor([2], [1, 2] as [Float])
        let near = Tensor([2], [1, 2.1] as [Float])
        #expect(distanceFault(expected, expected, bound: 0) == nil)
        #expect(distanceFault(near, expected, bound: 1e-2) == nil)
        #expect(distanceFault(nil, expected, bound: 1) == "there is no result")
        #expect(
            distanceFault(Tensor([1, 2], [1, 2] as [Float]), expected, bound: 1)
                == "float32 [1, 2], expected float32 [2]")
        #expect(distanceFault(Tensor([2], [Int32(1), 2]), expected, bound: 1) != nil)
        #expect(distanceFault(near, expected, bound: 1e-4)?.contains("at element 1: 2.1, expected 2.0") == true)
        #expect(distanceFault(near, expected, bound: 1, largest: 0.05) != nil)
        #expect(distanceFault(expected, Tensor([2], [1, .nan] as [Float]), bound: .infinity) != nil)
    }
}
