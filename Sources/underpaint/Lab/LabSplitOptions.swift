public import ArgumentParser
import EdgeRuntime
import Foundation
import Models
import Speculation
public import SplitLab

/// What `lab split` varies.
struct LabSplitOptions: ParsableArguments {
    @Option(
        help: "How much to do: quick (a minute), standard (about five), full (hours), quality (for --write-quality).")
    var preset = LabPreset.standard

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Named networks, or NAME:up=…,down=…,rtt=…,jitter=…,loss=… in Mbit/s, milliseconds and percent.",
            valueName: "network"))
    var network: [String] = []

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Processor seconds a second that the edge may use, or 'all'.", valueName: "share"))
    var edge: [String] = []

    @Option(parsing: .upToNextOption, help: "Shares of the steps for the draft, 0 to 1.")
    var split: [Double] = []

    @Option(
        parsing: .upToNextOption, help: "Modes: \(SpeculationMode.allCases.map(\.rawValue).joined(separator: ", ")).")
    var mode: [SpeculationMode] = []

    @Option(parsing: .upToNextOption, help: "Orders: small-first, and large-first as the control.")
    var order: [StepOrder] = []

    @Option(parsing: .upToNextOption, help: "Denoising steps of both models (default: each model's own).")
    var steps: [Int] = []

    @Option(help: "Steps of the verifier's own schedule (default: --steps, or the verifier's own).")
    var verifierSteps: Int?

    @Option(parsing: .upToNextOption, help: "Shifts of the schedule (default: the model's).")
    var shift: [Double] = []

    @Option(help: ArgumentHelp("Prompts, one a line, or JSON lines with prompt and seed.", valueName: "file"))
    var promptFile: String?

    @Option(help: "Use only so many of the prompts.")
    var count: Int?

    @Option(name: .customLong("repeat"), help: "Do everything so many times.")
    var repetitions = 1

    @Flag(inversion: .prefixedNo, help: "Also let the cost model choose the split in each scenario.")
    var auto = true

    func sweep(of pair: ModelPair) throws -> SplitSweep {
        let defaults = preset.defaults
        let asked: [Int?] = steps.isEmpty ? [nil] : steps
        let counts = asked.map { pair.stepCounts($0, verifier: verifierSteps) }
        let networks = network.isEmpty ? defaults.networks : network
        let shares = edge.isEmpty ? defaults.edges : edge
        return SplitSweep(
            networks: try networks.map { text in try NetworkProfile(parsing: text) },
            edges: try shares.map(profile), modes: mode.isEmpty ? defaults.modes : mode,
            orders: order.isEmpty ? defaults.orders : order, splits: split.isEmpty ? defaults.splits : split,
            stepCounts: counts, shifts: shift.isEmpty ? [nil] : shift,
            prompts: Array(try promptList().prefix(count ?? defaults.promptCount)), repetitions: repetitions,
            includesAuto: auto && defaults.includesAuto)
    }

    private func profile(_ text: String) throws -> EdgeProfile {
        guard text != "all" else {
            return EdgeProfile(share: nil, threads: max(1, ProcessInfo.processInfo.activeProcessorCount))
        }
        guard let share = Double(text), (0.01...64).contains(share) else {
            throw LabError.invalidPlan("--edge \(text) is neither 'all' nor a number from 0.01 to 64")
        }
        return EdgeProfile(share: share, threads: Int(share.rounded(.up)))
    }

    private func promptList() throws -> [PromptedSeed] {
        guard let promptFile else {
            return LabPreset.prompts.enumerated().map { PromptedSeed(prompt: $1, seed: UInt64($0 + 1)) }
        }
        return try PromptFile(path: promptFile).lines.map { $0.prompted() }
    }
}

extension StepOrder: ExpressibleByArgument {}

/// How much an experiment does when nobody says more.
enum LabPreset: String, CaseIterable, ExpressibleByArgument {
    case quick, standard, full, quality

    struct Defaults {
        var networks: [String]
        var edges: [String]
        var splits: [Double]
        var modes: [SpeculationMode]
        var orders: [StepOrder]
        var promptCount: Int
        var includesAuto = true
    }

    var defaults: Defaults {
        switch self {
        case .quick:
            Defaults(
                networks: ["fiber", "3g"], edges: ["1"], splits: [0, 0.4, 0.8, 1], modes: [.handoff],
                orders: [.smallFirst], promptCount: 1)
        case .standard:
            Defaults(
                networks: ["fiber", "lte", "3g", "satellite"], edges: ["1", "0.25"],
                splits: [0, 0.2, 0.4, 0.6, 0.8, 1],
                modes: [.handoff, .trust], orders: [.smallFirst], promptCount: 2)
        case .full:
            Defaults(
                networks: ["fiber", "lte", "3g", "satellite"], edges: ["all", "1", "0.5", "0.25", "0.1"],
                splits: (0...10).map { Double($0) / 10 }, modes: [.handoff, .trust], orders: StepOrder.allCases,
                promptCount: 16)
        case .quality:
            Defaults(
                networks: ["loopback"], edges: ["all"], splits: [0, 0.2, 0.4, 0.6, 0.8, 0.9, 1],
                modes: [.handoff, .trust], orders: [.smallFirst], promptCount: 16, includesAuto: false)
        }
    }

    /// Prompts of the built-in models' domain.
    static let prompts = [
        "a red ceramic mug on a wooden table, soft window light",
        "a blue ceramic vase on a white background, studio softbox",
        "a gold bowl on a marble counter, warm evening light",
        "a green plastic bottle on a beige background, soft window light",
        "a white ceramic teapot on a dark wooden table, dramatic side light",
        "a black matte jar on a grey background, studio softbox",
        "a wooden plate on a linen cloth, soft window light",
        "a pink candle on a marble counter, warm evening light",
        "a yellow ceramic mug on a white background, high angle",
        "a silver lamp on a wooden table, dramatic side light",
        "a purple plastic bottle on a black background, studio softbox",
        "an orange box on a beige background, three quarter view",
        "a brown ceramic bowl on a wooden table, eye level",
        "a turquoise vase on a grey background, soft window light",
        "a white plate on a dark wooden table, warm evening light",
        "a red matte teapot on a linen cloth, studio softbox",
    ]
}
