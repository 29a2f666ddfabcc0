import ArgumentParser
import Models
import SplitLab

/// Which pictures the check is calibrated on or tried on.
struct LabCheckOptions: ParsableArguments {
    @Option(help: ArgumentHelp("File of standard prompts.", valueName: "file"))
    var promptFile = "Benchmarks/prompts.jsonl"

    @Option(help: "Share of the steps that the draft takes.")
    var handoff = 0.8

    @Option(help: "Denoising steps in all (default: the model's).")
    var steps: Int?

    @OptionGroup(title: "Models") var models: ModelOptions

    var pair: ModelPair {
        get throws {
            try ModelPair(
                draft: models.draftModel, verifier: models.verifierModel,
                in: ModelStore.standard(models.modelsFolder))
        }
    }

    func validate() throws {
        guard handoff > 0, handoff < 1 else { throw ValidationError("--handoff must be between 0 and 1") }
    }
}
