import Foundation
import Speculation
import Testing

@testable import SplitLab

@Suite struct ThrottleTests {
    /// A process that always runs when it may gets its share over any long time, and nothing for what it saved up.
    @Test(arguments: [0.1, 0.25, 0.5, 1]) func theRuleGivesTheShare(share: Double) {
        var allowance = ThrottleAllowance(share: share, savings: 0.01, used: 3)
        var (used, time, isHeld) = (3.0, 0.0, false)
        // An idle second first: its share must not be saved beyond the limit.
        _ = allowance.mustHold(used: used, at: 1)
        time = 1
        for _ in 0..<10_000 {
            time += 0.001
            if !isHeld { used += 0.001 }
            isHeld = allowance.mustHold(used: used, at: time)
        }
        let attained = (used - 3) / 10
        #expect(attained <= share + 0.0021)
        #expect(attained >= share * 0.98 - 0.001)
    }

    /// A child that burns processor time is held to its share by its own clock: that is a bound, not a timing.
    @Test func aChildIsHeldToItsShare() throws {
        let child = Process()
        child.executableURL = URL(fileURLWithPath: "/bin/sh")
        child.arguments = ["-c", "while :; do :; done"]
        try child.run()
        let throttle = try ProcessThrottle(process: child.processIdentifier, share: 0.2)
        let (before, start) = (throttle.processorSeconds, ContinuousClock.now)
        // Between two looks, which a busy machine may hold up, the child may run ahead; it pays later, so that sooner or
        // later its share is right. A throttle that holds nothing back would never get there.
        var (used, seconds) = (0.0, 0.0)
        repeat {
            usleep(200_000)
            used = throttle.processorSeconds - before
            seconds = (ContinuousClock.now - start).inSeconds
        } while (used == 0 || used > 0.25 * seconds) && seconds < 30
        throttle.end()
        // Not SIGTERM: a test's thread may have it blocked, and a child inherits that.
        kill(child.processIdentifier, SIGKILL)
        child.waitUntilExit()
        #expect(used > 0)
        #expect(used <= 0.25 * seconds)
        #expect(throttle.processorSeconds >= 0)
    }

    @Test func aProcessThatIsGoneIsRefused() throws {
        let child = Process()
        child.executableURL = URL(fileURLWithPath: "/bin/true")
        try child.run()
        let identifier = child.processIdentifier
        child.waitUntilExit()
        #expect(throws: LabError.self) { try ProcessThrottle(process: identifier, share: 0.5) }
    }
}

@Suite struct LineProcessTests {
    @Test func linesGoBothWaysAndTheChildEndsWithItsInput() throws {
        let child = try LineProcess(
            program: URL(fileURLWithPath: "/bin/sh"), arguments: ["-c", "while read -r x; do echo \"got $x\"; done"],
            environment: [:], errors: .standardError)
        child.send("one")
        child.send("two")
        #expect(child.readLine() == "got one")
        #expect(child.readLine() == "got two")
        child.end()
        #expect(!child.isRunning)
        #expect(child.readLine() == nil)
    }

    @Test func writingToAChildThatIsGoneIsNoEndOfTheProgram() throws {
        let child = try LineProcess(
            program: URL(fileURLWithPath: "/bin/true"), arguments: [], environment: [:], errors: .standardError)
        #expect(child.readLine() == nil)
        for _ in 0..<3 { child.send("anybody there?") }
        child.end()
    }

    @Test func aChildThatDoesNotGoIsKilled() throws {
        let child = try LineProcess(
            program: URL(fileURLWithPath: "/bin/sleep"), arguments: ["600"], environment: [:], errors: .standardError)
        child.end(patience: .milliseconds(50))
        #expect(!child.isRunning)
    }

    @Test func aProgramThatIsMissingIsNamed() {
        let error = #expect(throws: LabError.self) {
            try LabVerifier(
                program: URL(fileURLWithPath: "/nowhere/underpaint-verifier"), arguments: [], environment: [:],
                errors: .standardError)
        }
        #expect(error?.description.contains("swift build -c release --product underpaint-verifier") == true)
    }
}
