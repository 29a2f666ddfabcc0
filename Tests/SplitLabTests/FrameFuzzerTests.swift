import SplitLab
import Testing

struct FrameFuzzerTests {
    @Test func twentyThousandDamagedFramesKeepTheRules() throws {
        let report = try FrameFuzzer(seed: 5).run(count: 20_000)
        #expect(report.violations == [])
        #expect(report.frames == 20_000)
        #expect(report.outcomes.values.reduce(0, +) == 20_000)
        // The ways out are really taken: behind the checksum as well as before it.
        for name in ["decoded", "checksumMismatch", "invalidPayload", "invalidHeader", "wrongLength", "shapeMismatch"] {
            #expect(report.outcomes[name, default: 0] > 20, "\(name)")
        }
    }

    @Test func theSameSeedDamagesAlike() throws {
        let reports = try (0..<2).map { _ in try FrameFuzzer(seed: 9).run(count: 2000).outcomes }
        #expect(reports[0] == reports[1])
        #expect(try FrameFuzzer(seed: 10).run(count: 2000).outcomes != reports[0])
    }
}
