import ArgumentParser
import CPUBackend
import Foundation
import Speculation

/// Where the program begins.
@main
enum Program {
    static func main() async {
        // First of all: it starts the program anew, once, with what the kernels' threads need.
        ThreadPolicy.prepareProcess()
        // A log reader that ends is a failed write and not the end of a picture.
        signal(SIGPIPE, SIG_IGN)
        await UnderpaintCommand.main()
    }
}

/// The program for the edge: text in, picture out.
struct UnderpaintCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "underpaint",
        abstract: "Make pictures from text: a small model drafts here, a large one verifies and finishes.",
        discussion: """
            A draft model on this machine's CPU takes about 80 % of the denoising steps. One latent of \
            about a kilobyte goes to the verifier, which checks it, corrects it, takes the last steps and decodes the \
            picture. The verifier runs inside this program unless --verifier names a server.

            EXAMPLES
              underpaint generate "a red ceramic mug on a wooden table, soft window light"
              underpaint generate "a blue ceramic vase" --seed 7 --batch-count 4 -o vase.png
              underpaint generate "a gold candle" --verifier http://127.0.0.1:7860 --handoff auto
              underpaint resume --list
            """,
        version: ProgramVersion.current,
        subcommands: [
            GenerateCommand.self, ResumeCommand.self, ModelsCommand.self, DoctorCommand.self, LabCommand.self,
        ]
    )
}
