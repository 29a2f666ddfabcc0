import ArgumentParser
import Models

/// Which models the verifier has.
struct PairOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Folder with EdgeModels/ and CloudModels/.", valueName: "folder"))
    var models: String?

    @Option(help: "Id of the draft model whose pictures are finished.")
    var draftModel = "studio-draft"

    @Option(help: "Id of the verifier model.")
    var verifierModel = "studio-verifier"

    /// Finds and checks them.
    func pair() throws(ModelError) -> ModelPair {
        try ModelPair(draft: draftModel, verifier: verifierModel, in: ModelStore.standard(models))
    }
}
