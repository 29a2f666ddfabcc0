import Testing

@testable import VerifierRuntime

@Suite struct DurationSharesTests {
    @Test func eachPartHasItsShareByTheWorkInIt() {
        #expect(
            Duration.milliseconds(80).shares(by: [1, 0, 3, 4])
                == [.milliseconds(10), .zero, .milliseconds(30), .milliseconds(40)])
    }

    @Test func withoutWorkAllCostAlike() {
        #expect(Duration.milliseconds(9).shares(by: [0, 0, 0]) == Array(repeating: .milliseconds(3), count: 3))
        #expect(Duration.milliseconds(9).shares(by: []).isEmpty)
    }
}
