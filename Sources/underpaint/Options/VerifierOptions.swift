import ArgumentParser
import BackendSelection

/// Where pictures are verified.
struct VerifierOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "'embedded' (inside this program) or the address of a verifier, for example http://127.0.0.1:7860.",
            valueName: "embedded|URL"))
    var verifier = VerifierChoice.embedded

    @Option(help: "Seconds without a byte from the verifier after which it counts as gone.")
    var timeout = 30.0

    /// Of the embedded verifier.
    @OptionGroup var compute: ComputeOptions

    func validate() throws {
        guard timeout > 0, timeout <= 86_400 else { throw ValidationError("--timeout must be between 0 and 86400") }
    }
}

/// The embedded verifier or that of an address.
enum VerifierChoice: Hashable, ExpressibleByArgument, CustomStringConvertible {
    case embedded
    case remote(String)

    init?(argument: String) {
        self = argument == "embedded" ? .embedded : .remote(argument)
    }

    /// The address of a remote verifier; what is wrong with it is the transport's to say.
    var address: String? {
        if case .remote(let address) = self { address } else { nil }
    }

    var description: String { address ?? "embedded" }

    var defaultValueDescription: String { description }
}
