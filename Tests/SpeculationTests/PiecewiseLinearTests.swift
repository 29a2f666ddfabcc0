import Testing

@testable import Speculation

@Suite struct PiecewiseLinearTests {
    private let function = PiecewiseLinear([0.1, 0.4, 0.4, 0.8], [3, 1, 2, -1])

    @Test(arguments: [
        (-1, 3), (0.1, 3), (0.25, 2), (0.4, 2), (0.6, 0.5), (0.8, -1), (7, -1), (.infinity, -1), (-.infinity, 3),
        (.nan, 3),
    ])
    func isOnTheLineAndFlatOutside(_ x: Double, _ y: Double) {
        #expect(abs(function.value(at: x) - y) < 1e-12, "\(x)")
    }

    @Test func aPlaceGivesItsOwnValueToTheLastBit() {
        let (xs, ys) = ([0.1, 0.7, 0.93], [0.3, 0.1, 0.7])
        for (x, y) in zip(xs, ys) { #expect(PiecewiseLinear(xs, ys).value(at: x) == y) }
        #expect(PiecewiseLinear([0.5], [4]).value(at: 0.2) == 4)
    }
}
