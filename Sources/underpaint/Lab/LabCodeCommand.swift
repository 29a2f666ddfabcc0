import ArgumentParser
import CPUBackend
import Foundation
import SplitLab

/// `underpaint lab code`: what the codings of the latent cost, and what they do to the picture.
struct LabCodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "code",
        abstract: "Measure the codings of the latent: bits an element against the final picture.",
        discussion: """
            Drafts the first prompts of a file with the installed pair, codes each hand-off in every way, lets the \
            verifier finish the picture without checking, and compares it with the picture of the unquantized hand-off.

            EXAMPLES
              underpaint lab code --prompt-file Benchmarks/prompts.jsonl
              underpaint lab code --prompt-file Benchmarks/prompts.jsonl --pictures 32 --cache handoffs.plist
              underpaint lab code --prompt-file Benchmarks/prompts.jsonl --only "s_n, pyramid: step 0.65" --json
            """)

    @Option(help: ArgumentHelp("File of prompts with seeds, a JSON object a line.", valueName: "file"))
    var promptFile = StandardPrompt.usualFile

    @Option(help: "How many of them are drafted and coded.")
    var count = 200

    @Option(help: "How many of these are finished and compared as pictures; this is what takes the time.")
    var pictures = 200

    @Option(help: "The share of the steps that the draft takes.")
    var handoff = 0.8

    @Option(
        help: ArgumentHelp(
            "Keep hand-offs and reference pictures in this file and take them from it.", valueName: "file"))
    var cache: String?

    @Option(help: ArgumentHelp("Only rows whose \"group: name\" has this in it.", valueName: "text"))
    var only: String?

    @OptionGroup(title: "Models") var models: ModelOptions

    @Flag(help: "Print JSON instead of Markdown.")
    var json = false

    func validate() throws {
        guard (1...100_000).contains(count) else { throw ValidationError("--count must be between 1 and 100000") }
        guard pictures >= 0 else { throw ValidationError("--pictures must not be negative") }
        guard handoff > 0, handoff < 1 else {
            throw ValidationError("--handoff must be between 0 and 1, both left out")
        }
    }

    func run() async throws {
        try await reportingFailures {
            let prompts = try StandardPrompt.read(promptFile, count: count)
            let pair = try models.pair()
            let experiment = try CodingExperiment(
                models: pair, backend: CPUBackend(threads: ThreadPolicy(count: models.threads)), prompts: prompts,
                options: CodingExperiment.Options(
                    pictureCount: pictures, handoffFraction: handoff, cache: cache.map(URL.init(fileURLWithPath:)),
                    filter: only)
            ) { Terminal.write("\($0)\n") }
            let report = try experiment.run()
            try Terminal.printResult(json ? report.json() : report.markdown)
        }
    }
}
