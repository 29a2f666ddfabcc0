import EdgeRuntime
import Foundation
import Logging
import Pictures
import Speculation
import Testing
import VerifierRuntime
import VerifierService

@Suite struct NetworkTests {
    @Test func pictureThroughTheNetworkIsTheEmbeddedOneByteForByte() async throws {
        let workshop = try Workshop()
        let embedded = try await workshop.embedded.make(workshop.request()).file(as: .png)
        try await serving(workshop) { address in
            let transport = try LibcurlVerifierTransport(url: address)
            let remote = try await workshop.maker(transport, address: address).make(workshop.request())
            #expect(try remote.file(as: .png) == embedded)
            let description = try await transport.availability()
            #expect(description.isReady)
            #expect(description.models == workshop.verifier.catalogue)
        }
    }

    @Test(arguments: [nil, 90])
    func aWebPIsWrittenAsTheVerifierSentIt(quality: Int?) async throws {
        let workshop = try Workshop()
        let plain = try await workshop.embedded.make(workshop.request())
        var request = workshop.request()
        let format = PictureFormat.webp(quality: quality)
        request.format = format
        let asked = request
        let embedded = try await workshop.embedded.make(asked)
        #expect((embedded.picture == plain.picture) == (quality == nil))
        #expect(embedded.report.resultBytes < plain.report.resultBytes)
        // Not coded a second time.
        #expect(try WebP.decode(try embedded.file(as: format)) == embedded.picture)
        try await serving(workshop) { address in
            let remote = try await workshop.maker(try LibcurlVerifierTransport(url: address)).make(asked)
            #expect(try remote.file(as: format) == embedded.file(as: format))
            #expect(try PNG.decode(try remote.file(as: .png)).picture == embedded.picture)
        }
    }

    @Test(arguments: [ExactPlacement.edge, .verifier])
    func exactPictureThroughTheNetworkIsTheEmbeddedOneByteForByte(placement: ExactPlacement) async throws {
        let workshop = try Workshop()
        var request = workshop.request(mode: .exact)
        request.exact = ExactOptions(window: .fixed(2), placement: placement, draft: .model, correction: .last)
        let asked = request
        let embedded = try await workshop.embedded.make(asked).file(as: .png)
        try await serving(workshop) { address in
            let remote = try await workshop.maker(try LibcurlVerifierTransport(url: address), address: address)
                .make(asked)
            #expect(try remote.file(as: .png) == embedded)
        }
    }

    @Test func serverThatIsGoneCostsNothing() async throws {
        let workshop = try Workshop()
        let expected = try await workshop.embedded.make(workshop.request()).file(as: .png)
        var port = ""
        try await serving(workshop) { port = $0 }
        let address = port
        let transport = try LibcurlVerifierTransport(
            url: address, retry: RetryPolicy(attempts: 1))
        let error = try await #require(throws: UnverifiedError.self) {
            try await workshop.maker(transport, address: address).make(workshop.request())
        }
        #expect(error.cause is TransportError)
        let kept = try HandoffJournal.read(error.file)
        try await serving(workshop) { address in
            let resumed = try await workshop.maker(try LibcurlVerifierTransport(url: address))
                .resume(kept, report: { _ in })
            #expect(try resumed.file(as: .png) == expected)
        }
    }

    @Test func aPictureOfAnotherSizeIsNoneAndTheDraftStays() async throws {
        let workshop = try Workshop()
        let small = try PictureFormat.png.encode(
            Picture(width: 3, height: 2, rgb: Array(repeating: 9, count: 18)))
        let liar = InProcessVerifierTransport(models: workshop.verifier.catalogue) { job, report in
            var outcome = try workshop.verifier.execute(job, report: report)
            outcome.payload = small
            return outcome
        }
        for mode in [SpeculationMode.handoff, .exact] {
            let error = try await #require(throws: UnverifiedError.self) {
                try await workshop.maker(liar).make(workshop.request(mode: mode))
            }
            guard case .protocolViolation(let message)? = error.cause as? TransportError else {
                Issue.record("\(String(describing: error.cause))")
                continue
            }
            #expect(message.contains("3×2") && message.contains("64×96"))
            _ = try HandoffJournal.read(error.file)
        }
    }

    /// Runs a real server on a port of the system's choice while `body` works.
    private func serving(_ workshop: Workshop, _ body: (String) async throws -> Void) async throws {
        let host = VerifierHost { [verifier = workshop.verifier] in
            LoadedVerifier(executor: verifier, models: verifier.catalogue)
        }
        let server = VerifierServer(
            configuration: .init(port: 0, grace: .seconds(1)), host: host,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        let ports = AsyncStream<Int>.makeStream()
        let running = Task {
            try await server.run(handlesSignals: false) { ports.continuation.yield($0) }
        }
        defer { running.cancel() }
        for await port in ports.stream {
            try await host.waitUntilLoaded()
            try await body("http://127.0.0.1:\(port)")
            break
        }
        running.cancel()
        _ = await running.result
    }
}
