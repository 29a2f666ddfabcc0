import ArgumentParser
import EdgeRuntime
import Models
import Speculation
import SplitLab

/// Which pictures the check is calibrated on or tried on.
struct LabCheckOptions: ParsableArguments {
    @Option(help: ArgumentHelp("File of standard prompts.", valueName: "file"))
    var promptFile = StandardPrompt.usualFile

    @Option(help: "Share of the steps that the draft takes.")
    var handoff = 0.8

    @Option(help: "Denoising steps of both models (default: each model's own).")
    var steps: Int?

    @OptionGroup(title: "Models") var models: ModelOptions

    /// - Parameter verifierSteps: of the verifier's own schedule, where they are not the draft's.
    func stepCounts(of pair: ModelPair, verifierSteps: Int? = nil) -> StepCounts {
        pair.stepCounts(steps, verifier: verifierSteps)
    }

    func validate() throws {
        guard handoff > 0, handoff < 1 else { throw ValidationError("--handoff must be above 0 and below 1") }
    }
}
