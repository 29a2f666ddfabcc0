public import ArgumentParser
import Foundation
public import Speculation

/// What the picture shall be.
struct PictureOptions: ParsableArguments {
    @Argument(help: "What the picture shows.")
    var prompt: String?

    @Option(
        help: ArgumentHelp(
            "Make a picture of every line of a file of prompts ('-' for standard input).",
            discussion:
                "Or JSON lines: {\"prompt\": \"…\", \"seed\": 7}. Empty lines and those that begin with # are left "
                + "out. A line that names no seed has --seed (here 1 where it is not given) and one more for every line since.",
            valueName: "file"))
    var promptFile: String?

    @Option(
        name: [.customShort("W"), .long], help: "Width in pixels, 64 to 512 in steps of 16 (default: the model's).")
    var width: Int?

    @Option(
        name: [.customShort("H"), .long], help: "Height in pixels, 64 to 512 in steps of 16 (default: the model's).")
    var height: Int?

    @Option(
        help: ArgumentHelp(
            "Shape instead of width and height, for example 4:3: a size of the model's that is near it, or one of its area.",
            valueName: "w:h"))
    var aspect: Aspect?

    @Option(
        name: [.long, .customLong("num-inference-steps")],
        help: ArgumentHelp(
            "Denoising steps of both models (default: each model's own, in mode 'exact' "
                + "\(ExactOptions.standardStepCount))."))
    var steps: Int?

    @Option(
        help: ArgumentHelp(
            "Steps of the verifier's own schedule, from noise to picture (default: --steps, or the verifier's own).",
            discussion: "After a draft that passes it takes those of them that are left."))
    var verifierSteps: Int?

    @Option(
        name: [.customLong("cfg-scale"), .customLong("guidance-scale")],
        help: "How strongly the prompt counts; 1 is no guidance (default: the model's, which says what it takes).")
    var guidanceScale: Float?

    @Option(name: .shortAndLong, help: "Seed of the noise; the same seed gives the same picture (default: random).")
    var seed: UInt64?

    @Option(name: [.customShort("b"), .long], help: "How many pictures; picture k has seed + k.")
    var batchCount = 1

    @Option(
        help: ArgumentHelp(
            "Drafts to make of each picture; the verifier gets the one that its critic finds best.",
            discussion: "The picture says that draft's seed: --seed with it makes the same picture again, without "
                + "--candidates. File names keep the seed that was asked for."))
    var candidates = 1

    @Option(
        name: [.long, .customLong("denoising-end")],
        help: ArgumentHelp(
            "Share of the steps that the draft takes, 0 (the verifier alone) to 1 (the draft alone), or 'auto' "
                + "(default: \(SplitBound.standardFraction)).",
            discussion: "'auto' asks the cost model: it measures this machine once, knows the network from earlier "
                + "transfers and the verifier's pace from the verifier.",
            valueName: "share|auto"))
    var handoff: HandoffChoice?

    @Option(help: "What --handoff auto makes small: 'latency' (default) or 'verifier-seconds'.")
    var objective: SplitObjective?

    @Option(
        help: ArgumentHelp(
            "Largest mean loss that --handoff auto may take (default: that of --handoff 0.8).",
            discussion: "Root of the mean squared difference of the pixels, 0 to 1, to the verifier's own picture."))
    var maxLoss: Double?

    @Option(help: "Shift of the noise schedule (default: the model's).")
    var shift: Double?

    @Option(
        help: ArgumentHelp(
            "'handoff' checks and corrects the draft, 'trust' only refines it, 'exact' samples speculatively.",
            discussion: "'exact' gives pictures with exactly the law of the verifier's own stochastic sampler; "
                + "--exact-tail then takes the place of --handoff."))
    var mode = SpeculationMode.handoff

    @Option(
        help: ArgumentHelp(
            "Share of faulty drafts that the check must catch; higher is stricter (default: the model's).",
            valueName: "share"))
    var checkQuantile: Double?

    @Option(
        help: ArgumentHelp(
            "Share of the verifier's own pictures that its critic may find unlike them; higher is stricter and slower, 0 does "
                + "not ask for likeness (default: the model's). The built-in model's critic cannot tell it.",
            valueName: "share"))
    var checkLikeness: Double?

    @Option(
        help: ArgumentHelp(
            "Noise levels above the hand-off at which a draft may be taken up again, for example 0.6,0.75,0.9 "
                + "(default: the model's).",
            valueName: "t,t,…"))
    var checkLevels: NoiseLevels?

    @Option(
        help: ArgumentHelp(
            "Largest distance between the draft's picture and the verifier's that passes, instead of the calibrated "
                + "check.", valueName: "distance"))
    var checkThreshold: Float?

    @Option(
        help: ArgumentHelp(
            "Steps that mode 'exact' drafts before the verifier is asked; 'auto' asks the cost model.",
            valueName: "auto|1…32"))
    var window = WindowPolicy.auto

    @Option(
        help: ArgumentHelp(
            "Where mode 'exact' makes its drafts: 'edge' sends every window to the verifier, 'verifier' makes them there, "
                + "'auto' asks the cost model."
        ))
    var exactPlacement = ExactPlacement.auto

    @Option(
        help: ArgumentHelp(
            "What mode 'exact' drafts with: 'held' goes on with the pictures that the verifier saw last, "
                + "'model' asks the draft model (always on the edge)."))
    var exactDraft = ExactDraft.held

    @Option(
        help: ArgumentHelp(
            "What the verifier's answers add to later drafts of mode 'exact': 'none', the 'last' residual, or those of "
                + "discarded states too ('ahead')."))
    var exactCorrection = ResidualCorrection.ahead

    @Option(
        help: ArgumentHelp(
            "Share of the steps, at the end, that the verifier takes alone in mode 'exact' (default: 0.2 where the edge "
                + "drafts, 0, which is the last step, elsewhere)."))
    var exactTail: Double?

    /// How the steps are split where nobody says it.
    var split: HandoffChoice { handoff ?? .fraction(SplitBound.standardFraction) }

    /// The share of the steps that is drafted; the standard one as long as the cost model has not chosen.
    var draftShare: Double {
        mode == .exact ? exactShare(exactPlacement) : split.fraction ?? SplitBound.standardFraction
    }

    /// The share of the steps that may be drafted in mode `exact`, by where that is done.
    func exactShare(_ placement: ExactPlacement) -> Double { 1 - (exactTail ?? (placement == .edge ? 0.2 : 0)) }

    /// What mode `exact` is asked for; nil in other modes.
    var exact: ExactOptions? {
        guard mode == .exact else { return nil }
        return ExactOptions(
            window: window, placement: exactPlacement, draft: exactDraft, correction: exactCorrection)
    }

    func validate() throws {
        guard (prompt == nil) != (promptFile == nil) else {
            throw ValidationError("say in a prompt what the picture shows, or give a --prompt-file, not both")
        }
        try checkModes()
        if aspect != nil, width != nil || height != nil {
            throw ValidationError("give --aspect or --width and --height, not both")
        }
        guard (1...10_000).contains(batchCount) else {
            throw ValidationError("--batch-count must be between 1 and 10000")
        }
        guard (1...64).contains(candidates) else { throw ValidationError("--candidates must be between 1 and 64") }
        if let exactTail, !(0...1).contains(exactTail) {
            throw ValidationError("--exact-tail must be between 0 and 1")
        }
        if let fraction = handoff?.fraction, !(0...1).contains(fraction) {
            throw ValidationError("--handoff must be between 0 and 1, or auto")
        }
        if let maxLoss, !(maxLoss >= 0) { throw ValidationError("--max-loss must be a number from 0 on") }
        if let checkThreshold, !(checkThreshold >= 0) {
            throw ValidationError("--check-threshold must be a number from 0 on")
        }
        if let checkQuantile, !(0.001...0.999).contains(checkQuantile) {
            throw ValidationError("--check-quantile must be between 0.001 and 0.999")
        }
        if let checkLikeness, checkLikeness != 0, !(0.001...0.999).contains(checkLikeness) {
            throw ValidationError("--check-likeness must be 0 or between 0.001 and 0.999")
        }
        if checkThreshold != nil, checkQuantile != nil || checkLikeness != nil {
            throw ValidationError("give --check-threshold, or --check-quantile and --check-likeness, not both")
        }
    }
}

extension PictureOptions {
    private var ofCheck: [(String, Bool)] {
        [
            ("--check-quantile", checkQuantile != nil), ("--check-likeness", checkLikeness != nil),
            ("--check-levels", checkLevels != nil), ("--check-threshold", checkThreshold != nil),
        ]
    }

    /// The first option given that means nothing where no verifier takes part.
    var optionOfVerifier: String? {
        let others = [
            ("--mode \(mode.rawValue)", mode != .handoff), ("--handoff", handoff != nil),
            ("--verifier-steps", verifierSteps != nil),
        ]
        return (others + ofCheck).first(where: \.1)?.0
    }

    /// Refuses what would have no effect.
    private func checkModes() throws {
        let ofSchedules = [("--verifier-steps", verifierSteps != nil), ("--handoff", handoff != nil)]
        let ofExact: [(String, Bool)] = [
            ("--window", window != .auto), ("--exact-placement", exactPlacement != .auto),
            ("--exact-draft", exactDraft != .held), ("--exact-correction", exactCorrection != .ahead),
            ("--exact-tail", exactTail != nil),
        ]
        let ofAuto: [(String, Bool)] = [("--max-loss", maxLoss != nil), ("--objective", objective != nil)]
        for (options, isFit, place) in [
            (ofCheck, mode == .handoff, "--mode handoff"), (ofSchedules, mode != .exact, "--mode handoff or trust"),
            (ofExact, mode == .exact, "--mode exact"),
            (ofAuto, split == .auto, "--handoff auto"),
        ] where !isFit {
            if let option = options.first(where: \.1) {
                throw ValidationError("\(option.0) goes with \(place)")
            }
        }
    }
}

extension SpeculationMode: ExpressibleByArgument {}
extension ExactPlacement: ExpressibleByArgument {}
extension ExactDraft: ExpressibleByArgument {}
extension ResidualCorrection: ExpressibleByArgument {}
extension SplitObjective: ExpressibleByArgument {}

extension WindowPolicy: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}

/// A share of the steps, or the wish that the cost model chooses it.
enum HandoffChoice: Hashable, ExpressibleByArgument, CustomStringConvertible {
    case auto
    case fraction(Double)

    init?(argument: String) {
        if argument == "auto" {
            self = .auto
        } else if let fraction = Double(argument) {
            self = .fraction(fraction)
        } else {
            return nil
        }
    }

    /// nil for auto.
    var fraction: Double? {
        if case .fraction(let fraction) = self { fraction } else { nil }
    }

    var description: String { fraction.map { "\($0)" } ?? "auto" }
    var defaultValueDescription: String { description }
}

/// Times between 0 and 1, separated by commas.
struct NoiseLevels: Hashable, ExpressibleByArgument, CustomStringConvertible {
    let times: [Double]

    init(_ times: [Double]) { self.times = times }

    var description: String { times.map { "\($0)" }.joined(separator: ",") }

    var defaultValueDescription: String { description }

    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
        times = parts.compactMap { Double($0) }
        guard times.count == parts.count, (1...16).contains(times.count), times.allSatisfy({ $0 > 0 && $0 < 1 })
        else { return nil }
    }
}

/// A shape as a ratio of sides.
struct Aspect: Hashable, ExpressibleByArgument {
    /// Width to height.
    let ratio: Double

    init?(argument: String) {
        let sides = argument.split(separator: ":").compactMap { Double($0) }
        guard sides.count == 2, sides.allSatisfy({ $0.isFinite && $0 > 0 }), (1.0 / 8...8).contains(sides[0] / sides[1])
        else { return nil }
        ratio = sides[0] / sides[1]
    }
}
