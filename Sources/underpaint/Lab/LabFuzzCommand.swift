import ArgumentParser
import SplitLab

/// `underpaint lab fuzz`: damaged latent frames by the million.
struct LabFuzzCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fuzz",
        abstract: "Decode damaged latent frames; any of them must give a latent or a typed error.",
        discussion: """
            EXAMPLES
              underpaint lab fuzz
              underpaint lab fuzz --frames 10000000 --seed 7
            EXIT CODES: 0 every frame kept the rules, 70 one did not (which one is printed).
            """)

    @Option(help: "How many frames.")
    var frames = 1_000_000

    @Option(help: "The same seed damages the same frames alike.")
    var seed: UInt64 = 1

    func validate() throws {
        guard frames > 0 else { throw ValidationError("--frames must be positive") }
    }

    func run() async throws {
        try await reportingFailures {
            let report = try FrameFuzzer(seed: seed).run(count: frames) { Terminal.write("\($0) frames\n") }
            for (name, count) in report.outcomes.sorted(by: { $0.value > $1.value }) {
                try Terminal.printResult("\(name): \(count)")
            }
            try Terminal.printResult("slowest: \(Int(report.slowestMicroseconds)) µs")
            for violation in report.violations.prefix(20) { try Terminal.printResult("BROKEN: \(violation)") }
            guard report.isClean else {
                throw Failure(
                    ExitStatus.software, "\(report.violations.count) of \(report.frames) frames broke a rule")
            }
        }
    }
}
