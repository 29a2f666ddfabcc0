import ArgumentParser
import Foundation
import Models

/// Where the models are and how many threads may compute.
struct ModelOptions: ParsableArguments {
    @Option(
        name: .customLong("models"),
        help: ArgumentHelp(
            "Folder with EdgeModels/ and CloudModels/.",
            discussion: "Without it: $UNDERPAINT_MODELS, the checkout this program was built in, "
                + "the current folder, ~/.local/share/underpaint.",
            valueName: "folder"))
    var modelsFolder: String?

    @Option(name: .customLong("draft-model"), help: "Id of the draft model.")
    var draftModel = "studio-draft"

    @Option(name: .customLong("verifier-model"), help: "Id of the verifier model.")
    var verifierModel = "studio-verifier"

    @Option(name: .shortAndLong, help: "Threads that compute (default: one a physical core).")
    var threads: Int?

    /// The draft and the verifier that are named, and what they share.
    ///
    /// - Parameter needsVerifier: whether the verifier computes here; else what its manifest says is enough.
    /// - Throws: `ModelError`.
    func pair(needsVerifier: Bool = true) throws(ModelError) -> ModelPair {
        try ModelPair(
            draft: draftModel, verifier: verifierModel, in: .standard(modelsFolder), needsVerifier: needsVerifier)
    }

    func validate() throws {
        if let threads, !(1...1024).contains(threads) {
            throw ValidationError("--threads must be between 1 and 1024")
        }
    }
}
