import ArgumentParser
import CPUBackend
import Speculation

/// Where the program begins.
@main
enum Program {
    static func main() async {
        // First of all: it starts the program anew, once, with what the kernels' threads need.
        ThreadPolicy.prepareProcess()
        await VerifierCommand.main()
    }
}

/// The program for the cloud: finishes pictures that drafts began.
struct VerifierCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "underpaint-verifier",
        abstract: "Check, correct and finish pictures that drafts on other machines began.",
        version: ProgramVersion.current,
        subcommands: [ServeCommand.self, TuneCommand.self],
        defaultSubcommand: ServeCommand.self
    )
}
