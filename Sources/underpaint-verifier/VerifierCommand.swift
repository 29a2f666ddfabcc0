import ArgumentParser
import CPUBackend
import Foundation
import Speculation

/// Where the program begins.
@main
enum Program {
    static func main() async {
        // What is closed would be given to the next file that is opened, and be read as standard input.
        for descriptor in 0...2 as ClosedRange<Int32> where fcntl(descriptor, F_GETFD) < 0 {
            _ = open("/dev/null", O_RDWR)
        }
        // Then: it starts the program anew, once, with what the kernels' threads need.
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
