import Speculation
import Synchronization
import Testing
import VerificationTestSupport

@testable import EdgeRuntime

@Suite struct TransportPieceTests {
    @Test(arguments: [
        ("http://127.0.0.1:7860", "http://127.0.0.1:7860"), ("http://[::1]:7860/", "http://[::1]:7860"),
        ("https://example.org/paint//", "https://example.org/paint"), ("HTTP://Example.org", "http://Example.org"),
    ])
    func addressKeepsWhatMatters(text: String, base: String) throws {
        #expect(try VerifierAddress(text).base == base)
    }

    @Test func aPasswordInTheAddressIsKeptFromWhatIsShown() throws {
        let address = try VerifierAddress("https://bob:s3%3Acret@example.org:7860/paint/")
        #expect(address.description == "https://example.org:7860/paint" && address.base == address.description)
        #expect(address.credentials == VerifierAddress.Credentials(name: "bob", password: "s3:cret"))
        #expect(try VerifierAddress("http://127.0.0.1:7860").credentials == nil)
        #expect(try LibcurlVerifierTransport(url: "http://bob:secret@example.org").exposesToken)
    }

    @Test(arguments: [
        "", "localhost", "localhost:7860", "127.0.0.1:7860", "ftp://example.org", "file:///etc/passwd", "http://",
        "http://a b", "http://example.org:99999", "http://example.org/?a=b", "http://example.org/#top", "nonsense://x",
    ])
    func addressThatIsNoneIsRefused(text: String) {
        #expect {
            try VerifierAddress(text)
        } throws: { error in
            if case TransportError.invalidAddress = error { true } else { false }
        }
    }

    @Test func pausesDoubleUpToABoundAndHonourTheVerifier() {
        let policy = RetryPolicy(
            attempts: 6, firstPause: .seconds(1), longestPause: .seconds(4), longestRequestedPause: .seconds(20))
        let pauses = (1...6).map { policy.pause(afterFailures: $0, requested: nil) }
        #expect(pauses == [.seconds(1), .seconds(2), .seconds(4), .seconds(4), .seconds(4), nil])
        #expect(policy.pause(afterFailures: 1, requested: .seconds(9)) == .seconds(9))
        #expect(policy.pause(afterFailures: 3, requested: .seconds(1)) == .seconds(4))
        #expect(policy.pause(afterFailures: 1, requested: .seconds(21)) == nil)
    }

    @Test func durationsBecomeMillisecondsWithoutOverflow() {
        #expect(Duration.milliseconds(1500).wholeMilliseconds == 1500)
        #expect(Duration.zero.wholeMilliseconds == 0)
        #expect(Duration.nanoseconds(1).wholeMilliseconds == 1)
        #expect(Duration.seconds(Int64.max).wholeMilliseconds == .max)
    }

    /// A job that a verifier fails at says nothing of the next one.
    @Test func onlyAnAbsentVerifierKeepsFromOtherJobs() {
        for code in VerifierError.Code.allCases {
            let isAway = code == .overloaded || code == .shuttingDown
            #expect(TransportError.refused(VerifierError(code, "no")).concernsEveryJob == isAway, "\(code)")
        }
        let away: [TransportError] = [.serverUnreachable(""), .timedOut(""), .connectionLost("")]
        for error in away { #expect(error.concernsEveryJob) }
        #expect(!TransportError.protocolViolation("").concernsEveryJob)
    }
}
