import ArgumentParser
import Foundation
import SplitLab

/// `underpaint lab relay`: a slow network on the loopback.
struct LabRelayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "relay",
        abstract: "Relay TCP connections as a given network would carry them.",
        discussion: """
            Rate and delay are those of one line that all connections share, each way. Opening a connection costs a \
            round trip, and TCP's slow start is kept (ten segments, then twice as many each round trip). A lost \
            segment is not lost for good: it holds up its connection for one retransmission, a round trip and at \
            least 200 ms, as TCP's receiver would see it. What does not fit is not read, so a sender is held back and \
            memory stays bounded.

            EXAMPLES
              underpaint lab relay --target 127.0.0.1:7860 --network lte
              underpaint generate "a pink teapot" --verifier http://127.0.0.1:7861
              underpaint lab relay --target 127.0.0.1:7860 --network "farm:up=1,down=6,rtt=120,jitter=20,loss=1"
              underpaint lab relay --target 127.0.0.1:7860 --network 3g --stall-every 10 --stall-for 2
              underpaint lab relay --target 127.0.0.1:7860 --network fiber --cut-after-bytes 4000

            Named networks:
            \(NetworkProfile.named.map { "  \($0.name): \($0.figures)" }.joined(separator: "\n"))

            Ctrl-C resets the open connections and ends.
            """)

    @Option(help: ArgumentHelp("Where connections go.", valueName: "host:port"))
    var target: Endpoint

    @Option(help: ArgumentHelp("Where to listen; port 0 lets the system choose.", valueName: "host:port"))
    var listen = Endpoint(host: "127.0.0.1", port: 7861)

    @Option(
        help: ArgumentHelp(
            "A named network, or NAME:up=…,down=…,rtt=…,jitter=…,loss=… in Mbit/s, milliseconds and percent.",
            valueName: "network"))
    var network = "lte"

    @Option(help: "Seconds from one stall to the next; in a stall nothing leaves.")
    var stallEvery: Double?

    @Option(help: "Seconds that a stall lasts.")
    var stallFor: Double?

    @Option(help: "Reset all connections every so many seconds.")
    var cutEvery: Double?

    @Option(help: "Reset a connection once so many bytes came down on it.")
    var cutAfterBytes: Int?

    @Option(help: "Seed of jitter and losses.")
    var seed: UInt64 = 1

    func validate() throws {
        guard (stallEvery == nil) == (stallFor == nil) else {
            throw ValidationError("--stall-every and --stall-for go together")
        }
        if let stallEvery, let stallFor, !(stallFor > 0 && stallFor < stallEvery && stallEvery <= 86_400) {
            throw ValidationError("--stall-for must be above 0 and below --stall-every")
        }
        if let cutEvery, !(0.01...86_400).contains(cutEvery) {
            throw ValidationError("--cut-every must be between 0.01 and 86400")
        }
        if let cutAfterBytes, cutAfterBytes < 0 { throw ValidationError("--cut-after-bytes must not be negative") }
    }

    func run() async throws {
        try await reportingFailures {
            var stalls: PeriodicStalls?
            if let stallEvery, let stallFor { stalls = PeriodicStalls(every: stallEvery, lasting: stallFor) }
            let configuration = ShapingRelay.Configuration(
                network: try NetworkProfile(parsing: network), stalls: stalls, cutEvery: cutEvery,
                cutAfterBytes: cutAfterBytes, seed: seed)
            let relay = try ShapingRelay(
                configuration, host: listen.host, port: listen.port, targetHost: target.host, targetPort: target.port)
            let target = target
            do {
                try await cancellingOnInterrupt {
                    // Whoever reads it may stop the relay at once.
                    try Terminal.printResult("\(relay.host):\(relay.port)")
                    let network = configuration.network
                    Terminal.write("\(relay.url) goes to \(target) as \(network.name): \(network.figures)\n")
                    while true { try await Task.sleep(for: .seconds(3600)) }
                }
            } catch is CancellationError {
                // The only way in which it ends well.
            }
            relay.stop()
            let counters = relay.counters
            Terminal.write(
                "\(counters.connections) connections, \(counters.uploadedBytes) bytes up, "
                    + "\(counters.downloadedBytes) down, \(counters.lostSegments) segments repeated, "
                    + "\(counters.cuts) connections cut\n")
        }
    }
}

/// A host and a port.
struct Endpoint: Hashable, ExpressibleByArgument, CustomStringConvertible {
    var host: String
    var port: UInt16

    init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    init?(argument: String) {
        guard let colon = argument.lastIndex(of: ":"), colon > argument.startIndex,
            let port = UInt16(argument[argument.index(after: colon)...])
        else { return nil }
        self.init(host: String(argument[..<colon]), port: port)
    }

    var description: String { "\(host):\(port)" }
    var defaultValueDescription: String { description }
}
