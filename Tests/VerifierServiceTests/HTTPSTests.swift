import EdgeRuntime
import Foundation
import Speculation
import Testing
import VerificationTestSupport

@testable import VerifierService

/// The libcurl transport against the real server over https, with a certificate that only the test knows.
@Suite(.timeLimit(.minutes(10))) struct HTTPSTests {
    private let certificate: Certificate

    init() throws {
        certificate = try Certificate()
    }

    private func identity() throws -> ServerIdentity {
        try ServerIdentity(certificateFile: certificate.file, keyFile: certificate.keyFile)
    }

    @Test func outcomeIsThatOfTheSameProcessByteForByte() async throws {
        let verifier = try await TestVerifier()
        var job = SampleJob.make()
        job.codedEstimate = Array(repeating: 7, count: JobLimits.codedEstimateBytes)
        let expected = try FakeVerification.run(job) { _ in }
        try await withServer(verifier.server(identity: identity())) { [certificate, job] url in
            #expect(url.hasPrefix("https://"))
            let transport = try LibcurlVerifierTransport(url: url, authorityFile: certificate.file)
            #expect(try await transport.verify(job) { _ in } == expected)
            #expect(try await transport.availability().models == SampleJob.models)
        }
    }

    /// What a client says of a server, without a job having begun there.
    private func complaint(
        _ verifier: TestVerifier, _ identity: ServerIdentity?, scheme: String, authorityFile: String?
    ) async throws -> TransportError {
        let error = try await withServer(verifier.server(identity: identity)) { url in
            let other = scheme + url.drop { $0 != ":" }
            let transport = try LibcurlVerifierTransport(
                url: other, authorityFile: authorityFile, retry: RetryPolicy(firstPause: .milliseconds(1)))
            return await #expect(throws: TransportError.self) { try await transport.verify(SampleJob.make()) { _ in } }
        }
        #expect(verifier.executions == 0)
        return try #require(error)
    }

    @Test func serverForWhomNobodyVouchesGetsNoJob() async throws {
        let verifier = try await TestVerifier()
        let stranger = try Certificate()
        for authorityFile in [nil, stranger.file] {
            let error = try await complaint(verifier, identity(), scheme: "https", authorityFile: authorityFile)
            guard case .serverUnreachable(let message) = error else {
                Issue.record("\(error)")
                continue
            }
            #expect(message.contains("--ca-file"))
        }
    }

    @Test func schemeThatTheServerDoesNotSpeakIsSaidToBeTheTrouble() async throws {
        let verifier = try await TestVerifier()
        let missing = try await complaint(verifier, nil, scheme: "https", authorityFile: certificate.file)
        #expect(missing.message.contains("or only http?"))
        let plain = try await complaint(verifier, identity(), scheme: "http", authorityFile: nil)
        #expect(plain.message.contains("https"))
    }

    @Test func identityKnowsWhenItExpires() throws {
        #expect(abs(try identity().expiration.timeIntervalSinceNow - 2 * 86_400) < 3600)
    }

    @Test func filesThatAreNoIdentityAreNamed() throws {
        let other = try Certificate()
        let missing = certificate.folder.appending(path: "none.pem").path
        func fault(_ certificateFile: String, _ keyFile: String) -> ServerIdentityError? {
            #expect(throws: ServerIdentityError.self) {
                try ServerIdentity(certificateFile: certificateFile, keyFile: keyFile)
            }
        }
        #expect(fault(certificate.keyFile, certificate.keyFile) == .noCertificate(file: certificate.keyFile))
        #expect(fault(certificate.file, certificate.file) == .noKey(file: certificate.file))
        #expect(
            fault(certificate.file, other.keyFile)
                == .strangers(certificateFile: certificate.file, keyFile: other.keyFile))
        for error in [fault(missing, certificate.keyFile), fault(certificate.file, missing)] {
            guard case .unreadable(missing, _)? = error else {
                Issue.record("\(String(describing: error))")
                continue
            }
        }
    }
}
