import ArgumentParser
import CPUBackend
import EdgeRuntime
import Foundation
import Models
import SplitLab

/// `underpaint lab check`: what the check costs, lets pass and catches, and the pictures of it.
struct LabCheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Try the check on the standard prompts and on planted faults.",
        discussion: """
            Writes DIR/check.json and DIR/check.md and, with --pictures, the pictures of the verifier alone, of the pair
            unchecked and of the pair checked, for `evaluate --pictures DIR` of CloudModels/training.

            EXAMPLES
              underpaint lab check --out check
              underpaint lab check --out check --pictures
            """)

    @Option(help: ArgumentHelp("Folder for the report.", valueName: "dir"))
    var out: String

    @Option(help: "How many of them to draw.")
    var count = 256

    @Option(help: "On how many of them to plant faults.")
    var faultCount = 128

    @Option(help: "Share of faults that the check must catch (default: the model's).")
    var checkQuantile: Double?

    @Option(
        help:
            "Share of the verifier's own pictures that its critic may find unlike them, 0 asks none (default: the model's)."
    )
    var checkLikeness: Double?

    @Option(help: "Steps of the verifier's own schedule (default: --steps, or the verifier's own).")
    var verifierSteps: Int?

    @Flag(help: "Write the pictures too.")
    var pictures = false

    @OptionGroup var options: LabCheckOptions

    func validate() throws {
        guard (1...100_000).contains(count) else { throw ValidationError("--count must be between 1 and 100000") }
        guard (0...100_000).contains(faultCount) else {
            throw ValidationError("--fault-count must be between 0 and 100000")
        }
    }

    func run() async throws {
        try await reportingFailures {
            let folder = try ReportFolder(out)
            let pair = try options.models.pair()
            let standard = try StandardPrompt.read(options.promptFile, count: count)
            let trial = CheckTrial(
                models: pair,
                plan: CheckTrial.Plan(
                    handoff: options.handoff, stepCounts: options.stepCounts(of: pair, verifierSteps: verifierSteps),
                    quantile: checkQuantile, likenessShare: checkLikeness, faultCount: faultCount,
                    folder: pictures ? out : nil))
            let backend = CPUBackend(threads: ThreadPolicy(count: options.models.threads))
            let report = try await stoppedByInterrupt("check", count: standard.count) { progress in
                try trial.run(standard, backend: backend, progress: progress)
            }
            try folder.write(report, report.markdown, as: "check")
            try Terminal.printResult(report.markdown)
        }
    }
}
