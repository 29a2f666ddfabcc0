import Testing

@testable import VulkanBackend

@Suite struct TimestampClockTests {
    private func isNear(_ seconds: Double, _ expected: Double) -> Bool { abs(seconds - expected) < 1e-15 }

    /// 36 bits are the fewest that a queue may have; they start anew every minute of nanoseconds.
    @Test func aCounterMayStartAnewBetweenTwoTimes() {
        for validBits in [36, 48, 64] {
            let clock = TimestampClock(period: 2, validBits: validBits)
            let last = UInt64.max >> (64 - UInt64(validBits))
            #expect(isNear(clock.seconds(from: 100, to: 140), 80e-9), "\(validBits) bits")
            #expect(isNear(clock.seconds(from: last - 9, to: 30), 80e-9), "\(validBits) bits")
            #expect(clock.seconds(from: last, to: last) == 0, "\(validBits) bits")
        }
    }
}
