import Testing
import WireProtocol

@Suite struct AccessTokenTests {
    let text = "0123456789abcdef"

    @Test func aTokenMatchesItsOwnHeaderOnly() throws {
        let token = try #require(AccessToken(text))
        #expect(token.header == "Bearer 0123456789abcdef")
        #expect(token.matches(header: token.header))
        for other in ["", text, "Bearer ", "bearer \(text)", "Bearer \(text)0", "Bearer 0123456789abcdeF"] {
            #expect(!token.matches(header: other), "\(other)")
        }
    }

    @Test func aTokenIsNeverPrinted() throws {
        let token = try #require(AccessToken(text))
        var dumped = ""
        dump(token, to: &dumped)
        #expect(!"\(token) \(String(reflecting: token)) \(dumped)".contains("abcdef"))
    }

    @Test(arguments: [
        "", "short", "0123456789 abcdef", "0123456789\rabcdef", "0123456789abcdeé", String(repeating: "x", count: 513),
    ])
    func whatIsNoTokenIsRefused(text: String) {
        #expect(AccessToken(text) == nil)
    }

    @Test func filesHoldOneTokenALine() throws {
        let other = "fedcba9876543210"
        let file = "# the painters\n\n  \(text)\r\n\(other)\n"
        #expect(try AccessToken.list(file) == [text, other].compactMap { AccessToken($0) })
        #expect(throws: AccessTokenError.empty) { try AccessToken.list("# nobody\n\n") }
        let error = try #require(throws: AccessTokenError.self) { try AccessToken.list("\(text)\nsecret\n") }
        #expect(error == .noToken(line: 2) && !"\(error)".contains("secret"))
    }
}
