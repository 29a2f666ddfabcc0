import ArgumentParser
import CPUBackend
import EdgeRuntime
import Foundation
import Models
import Speculation
import SplitLab

/// `underpaint lab split`: where should the split be, for a device and a network?
struct LabSplitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "split",
        abstract: "Measure latency, quality and cost against the split between draft and verifier.",
        discussion: """
            Each run makes one picture over real sockets: an edge process, held to its share of a core by stopping \
            and continuing it against its own processor clock, talks to a verifier process through the relay of \
            `lab relay`. Splits 0 and 1 are the controls verifier-only and edge-only. The folder gets runs.jsonl \
            (one JSON object a run), pictures/ and report.html. Run it again to go on where it stopped. Precision is not \
            varied: the experiment computes in 32-bit floats.

            EXAMPLES
              underpaint lab split --out DIR
              underpaint lab split --out DIR --preset quick
              underpaint lab split --out DIR --network fiber "farm:up=1,down=6,rtt=120,loss=1" --edge 1 0.1 all
              underpaint lab split --out DIR --split 0 0.8 1 --mode trust --order small-first large-first
              underpaint lab split --out DIR --steps 10 25 50 --shift 1 3 --network loopback
              underpaint lab split --out DIR --preset quality --write-quality
              underpaint lab split --out DIR --verifier http://127.0.0.1:7860 --limit 20

            The verifier is the program underpaint-verifier, found beside this one:
              swift build -c release --product underpaint-verifier

            --write-quality puts the measured loss of each split into the verifier's manifest, for --handoff auto.

            EXIT CODES: 0 done, 64 usage, 65 damaged data, 66 no model, 69 no verifier, 73 output not writable,
            130 stopped by Ctrl-C (run it again to go on).
            """)

    @Option(help: ArgumentHelp("Folder for runs, pictures and the report.", valueName: "folder"))
    var out: String

    @OptionGroup(title: "What is varied") var options: LabSplitOptions
    @OptionGroup(title: "Models") var models: ModelOptions

    @Option(help: ArgumentHelp("A verifier that runs already, http://HOST:PORT.", valueName: "url"))
    var verifier: String?

    @Option(help: ArgumentHelp("The verifier's program (default: beside this one).", valueName: "path"))
    var verifierProgram: String?

    @Option(help: "Make at most so many runs now.")
    var limit: Int?

    @Option(
        help: ArgumentHelp(
            "Scores of pictures, one JSON object a line: {\"picture\": FILE, \"score\": 0…1}.", valueName: "file"))
    var scores: String?

    @Flag(help: "Only say which runs would be made.")
    var dryRun = false

    @Flag(help: "Write the measured quality curve into the verifier's manifest.")
    var writeQuality = false

    @Flag(name: .shortAndLong, help: "No progress.")
    var quiet = false

    func validate() throws {
        if let limit, limit < 0 { throw ValidationError("--limit must not be negative") }
        if let count = options.count, count < 1 { throw ValidationError("--count must be at least 1") }
        if verifier != nil, verifierProgram != nil {
            throw ValidationError("give --verifier or --verifier-program, not both")
        }
    }

    func run() async throws {
        try await reportingFailures {
            let pair = try models.pair()
            let sweep = try options.sweep(of: pair)
            try sweep.validate()
            if dryRun {
                for run in sweep.runs() { try Terminal.printResult(LabSplitCommand.line(of: run)) }
                return
            }
            let folder = URL(fileURLWithPath: out, isDirectory: true)
            try await cancellingOnInterrupt { try await measure(sweep, pair, in: folder) }
            try LabReportCommand.write(folder: folder, scores: scores, to: nil)
            if writeQuality {
                let measurement = try QualityCurveWriter.measurement(
                    runs: RunLog.records(in: SplitExperiment.logFile(in: folder)), pair: pair)
                try QualityCurveWriter.write(measurement, to: pair.verifier.folder.manifestPath)
                Terminal.write("quality curve written to \(pair.verifier.folder.manifestPath)\n")
            }
        }
    }

    private func measure(_ sweep: SplitSweep, _ pair: ModelPair, in folder: URL) async throws {
        let verifier = try startVerifier(in: folder)
        defer { verifier.end() }
        try await verifier.waitUntilReady()
        let programs = SplitExperiment.Programs(
            edge: try Workbench.ownProgram, edgeArguments: ["lab", "edge"] + modelArguments,
            environment: ProcessInfo.processInfo.environment)
        let target = SplitExperiment.Target(host: verifier.host, port: verifier.port)
        let facts = facts
        let isQuiet = quiet
        try await onOwnThread(named: "lab") { [limit] flag in
            let experiment = try SplitExperiment(
                sweep, in: folder, programs: programs, target: target, models: RunRecord.Models(pair), facts: facts)
            let missing = experiment.missingRuns().count
            Terminal.write("\(missing) of \(sweep.runs().count) runs are to be made; \(folder.path) keeps each\n")
            var line = ProgressLine("lab", isQuiet: isQuiet)
            try experiment.run(limit: limit) { progress in
                try flag.check()
                let rest = progress.remainingSeconds.map { ", \(Int($0)) s left" } ?? ""
                line.update("\(progress.done)/\(progress.total)\(rest): \(LabSplitCommand.line(of: progress.run))")
            }
            line.finish("\(min(missing, limit ?? missing)) runs made")
        }
    }

    private func startVerifier(in folder: URL) throws -> LabVerifier {
        if let verifier { return try LabVerifier(url: verifier) }
        let program =
            try verifierProgram.map { URL(fileURLWithPath: $0) }
            ?? Workbench.ownProgram.deletingLastPathComponent().appendingPathComponent("underpaint-verifier")
        return try LabVerifier(
            program: program,
            // Processors, as the report says, whatever cards the machine has.
            arguments: [
                "serve", "--child", "--port", "0", "--grace", "1", "--log-level", "warning", "--backend", "cpu",
            ] + modelArguments,
            environment: ProcessInfo.processInfo.environment,
            errors: try SplitExperiment.logHandle(in: folder, "verifier.log"))
    }

    private var modelArguments: [String] {
        let folder = models.modelsFolder.map { ["--models", $0] } ?? []
        return folder + ["--draft-model", models.draftModel, "--verifier-model", models.verifierModel]
    }

    private var facts: ExperimentFacts {
        ExperimentFacts(
            processor: ProcessorModel.name, processorCount: ProcessInfo.processInfo.activeProcessorCount,
            system: ProcessInfo.processInfo.operatingSystemVersionString,
            shaping: "relay of underpaint on the loopback; tc netem is not used, \(KernelShaping.netem())",
            throttling: "SIGSTOP and SIGCONT against the edge's own processor clock, looked at every millisecond",
            verifier: verifier ?? "child process, \(CPUBackend().description.library)",
            program: "underpaint \(ProgramVersion.current)")
    }

    static func line(of run: PlannedRun) -> String {
        let split =
            switch run.split {
            case .verifierOnly: "verifier only"
            case .edgeOnly: "edge only"
            case .draftSteps(let count): "\(count)/\(run.stepCounts.draft) \(run.mode.rawValue) \(run.order.rawValue)"
            case .auto: "auto \(run.mode.rawValue)"
            }
        return "\(run.network.name), \(run.edge.name), \(split), seed \(run.prompt.seed)"
    }
}
