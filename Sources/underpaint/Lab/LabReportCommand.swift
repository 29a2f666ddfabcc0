import ArgumentParser
import BaseDirectories
import Foundation
import SplitLab

/// `underpaint lab report`: the report of an experiment, again.
struct LabReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Write the report of an experiment that was made.",
        discussion: """
            The report is one HTML file without anything from elsewhere.

            EXAMPLES
              underpaint lab report DIR
              underpaint lab report DIR --scores scores.jsonl -o report.html
            """)

    @Argument(help: "The folder of `lab split`.")
    var folder: String

    @Option(
        help: ArgumentHelp(
            "Scores of pictures, one JSON object a line: {\"picture\": FILE, \"score\": 0…1}.", valueName: "file"))
    var scores: String?

    @Option(name: .shortAndLong, help: "The report's file (default: report.html in the folder).")
    var output: String?

    func run() async throws {
        try await reportingFailures {
            try LabReportCommand.write(
                folder: URL(fileURLWithPath: folder, isDirectory: true), scores: scores, to: output)
        }
    }

    /// Writes the report of an experiment's folder and says where it is.
    static func write(folder: URL, scores: String?, to output: String?) throws {
        let records = try RunLog.records(in: SplitExperiment.logFile(in: folder))
        // Runs by another sampler or of other models are of other pictures; those that were made last count.
        let runs = records.filter { $0.sampler == records.last?.sampler && $0.models == records.last?.models }
        if runs.count < records.count {
            Terminal.warn(
                "\(counted(records.count - runs.count, "run")) by another sampler or of other models are left out")
        }
        let report = try SplitReport(
            runs: runs,
            pictures: PictureStore(folder: SplitExperiment.picturesFolder(in: folder)),
            facts: ExperimentFacts.kept(in: folder),
            scores: try scores.map { try PictureScores(file: URL(fileURLWithPath: $0)) })
        let file = output.map { URL(fileURLWithPath: $0) } ?? folder.appendingPathComponent("report.html")
        do {
            try WholeFile.write(Data(report.html.utf8), to: file)
        } catch {
            throw LabError.notWritable(path: file.path, reason: error.reason)
        }
        for line in report.autoLines { try Terminal.printResult(line) }
        try Terminal.printResult(file.path)
    }
}
