import ArgumentParser
import CPUBackend
import EdgeRuntime
import Foundation
import Models
import Speculation
import SplitLab

/// `underpaint lab exact`: what exact mode is worth on a pair.
struct LabExactCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exact",
        abstract: "Measure exact mode: distances, acceptance, rounds and evaluations for several drafts.",
        discussion: """
            EXAMPLES
              underpaint lab exact --out DIR
              underpaint lab exact --count 8 --tail 0.2 --out DIR
              underpaint lab exact --steps 50 --windows 8,auto --drafts draft,held --out DIR

            Writes exact.json and exact.md to the folder, and prints the latter.
            """)

    @Option(help: ArgumentHelp("Folder for the report; made if it is not there.", valueName: "folder"))
    var out: String

    @Option(help: "How many of the file's prompts.")
    var count = 1

    @Option(
        help: ArgumentHelp(
            "File with one JSON object a line: prompt and seed.", valueName: "file"))
    var promptFile = StandardPrompt.usualFile

    @Option(help: ArgumentHelp("Step counts.", valueName: "N,…"))
    var steps = "25,50,100"

    @Option(help: ArgumentHelp("Windows.", valueName: "L,…"))
    var windows = "2,4,8,16,auto"

    @Option(help: ArgumentHelp("Drafts to try (default: all).", valueName: "name,…"))
    var drafts: String?

    @Option(help: "Share of the steps, at the end, that the verifier takes alone; 0 is the last step.")
    var tail = 0.0

    @Option(
        help: ArgumentHelp(
            "Compare the law of final latents with the verifier's own, from so many seeds each; 0 for no test.",
            valueName: "n"))
    var lawSamples = 0

    @OptionGroup(title: "Models") var models: ModelOptions

    func validate() throws {
        guard (1...10_000).contains(count) else { throw ValidationError("--count must be between 1 and 10000") }
        guard (0...1).contains(tail) else { throw ValidationError("--tail must be between 0 and 1") }
        guard (0...10_000).contains(lawSamples) else {
            throw ValidationError("--law-samples must be between 0 and 10000")
        }
        _ = try (stepCounts, policies, arms)
    }

    func run() async throws {
        try await reportingFailures {
            let folder = try ReportFolder(out)
            let pair = try models.pair()
            guard let size = pair.verifier.manifest.sizes.first else {
                throw Failure(ExitStatus.dataError, "\(pair.verifier.folder.manifestPath) lists no picture size")
            }
            let settings = ExactLab.Settings(
                prompts: try StandardPrompt.read(promptFile, count: count).map { ($0.prompt, $0.seed) },
                stepCounts: try stepCounts, windows: try policies, arms: try arms,
                handoffFraction: 1 - tail, guidanceScale: Float(pair.verifier.manifest.guidance.default),
                lawSamples: lawSamples)
            let threads = ThreadPolicy(count: models.threads)
            let report = try await stoppedByInterrupt { flag in
                let lab = try ExactLab(models: pair, backend: CPUBackend(threads: threads), size: size)
                return try lab.run(settings) { done in
                    try flag.check()
                    Terminal.write("\(done)\n")
                }
            }
            try folder.write(report, report.markdown, as: "exact")
            try Terminal.printResult(report.markdown)
        }
    }

    private var stepCounts: [Int] {
        get throws {
            try steps.split(separator: ",").map { text in
                guard let count = Int(text), (2...1000).contains(count) else {
                    throw ValidationError("--steps takes numbers from 2 to 1000, separated by commas")
                }
                return count
            }
        }
    }

    private var policies: [WindowPolicy] {
        get throws {
            try windows.split(separator: ",").map { text in
                guard let policy = WindowPolicy(String(text)) else {
                    throw ValidationError("--windows takes auto and numbers from 1 to 32, separated by commas")
                }
                return policy
            }
        }
    }

    private var arms: [ExactArm] {
        get throws {
            guard let drafts else { return ExactArm.standard }
            let asked = try drafts.split(separator: ",").map { text in
                guard let draft = ExactLabDraft(rawValue: String(text)) else {
                    let known = ExactLabDraft.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")
                    throw ValidationError("there is no draft '\(text)'; there are \(known)")
                }
                return draft
            }
            return ExactArm.standard.filter { asked.contains($0.draft) }
        }
    }
}
