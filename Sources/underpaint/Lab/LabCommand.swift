import ArgumentParser

/// `underpaint lab`: experiments.
struct LabCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lab",
        abstract: "Experiments: where to split the work, and what it costs.",
        subcommands: [
            LabSplitCommand.self,
            LabReportCommand.self,
            LabRelayCommand.self,
            LabEdgeCommand.self,
            LabExactCommand.self,
            LabCalibrateCommand.self,
            LabCheckCommand.self,
            LabCodeCommand.self,
            LabFuzzCommand.self,
        ])
}
