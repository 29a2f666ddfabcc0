import ArgumentParser
import CPUBackend
import EdgeRuntime
import Models
import Speculation
import SplitLab

/// `underpaint lab calibrate`: measures what the verifier's check reads and writes it into the verifier's manifest.
struct LabCalibrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "calibrate",
        abstract: "Measure the check's statistics on good and on faulty pictures and write them into the manifest.",
        discussion: """
            Draws the standard prompts with both models, reads the check's statistics on the verifier's own pictures, on
            the draft's and on pictures with planted faults, and completes the `check` section of the verifier's
            manifest. What a picture shows of its prompt is asked of the verifier's critic, and of the verifier itself
            where it has none. To be run after every export of a pair: the section names the draft and the critic that it
            was measured with.

            EXAMPLES
              underpaint lab calibrate
              underpaint lab calibrate --count 64 --dry-run
            """)

    @Option(help: "How many of them to draw.")
    var count = 512

    @Option(help: "Share of faults that the check shall catch when nobody says.")
    var quantile = 0.95

    @Option(
        help: ArgumentHelp(
            "Noise levels at which the prompt is asked about (default: 0.25 of a critic, 0.7,0.9 of a verifier).",
            valueName: "prompt-levels"))
    var promptLevels: NoiseLevels?

    @Option(
        help: ArgumentHelp(
            "Noise levels at which the distance is measured; above the hand-off a draft may be taken up again there, unless the "
                + "critic tells likeness."))
    var levels = NoiseLevels(CheckStatistic.estimateDistance.usualTimes)

    @Option(
        help:
            "Share of the verifier's own pictures that its critic may find unlike them when nobody says (default: 0.1)."
    )
    var likenessShare: Double?

    @Option(help: "Noise levels above the hand-off at which a draft may be taken up if it is like the verifier's.")
    var likenessLevels: NoiseLevels?

    @Flag(help: "Show the section instead of writing it.")
    var dryRun = false

    @OptionGroup var options: LabCheckOptions

    func validate() throws {
        guard (16...100_000).contains(count) else { throw ValidationError("--count must be between 16 and 100000") }
        for (option, share) in [("--quantile", quantile), ("--likeness-share", likenessShare ?? 0.1)] {
            guard (0.001...0.999).contains(share) else {
                throw ValidationError("\(option) must be between 0.001 and 0.999")
            }
        }
    }

    func run() async throws {
        try await reportingFailures {
            let pair = try options.models.pair()
            guard pair.verifier.tellsLikeness || (likenessShare == nil && likenessLevels == nil) else {
                throw LabError.invalidPlan(
                    "the critic of '\(pair.verifier.id)' does not tell likeness; leave out --likeness-share and "
                        + "--likeness-levels, or train it for it (CloudModels/training)")
            }
            var plan = Calibrator.Plan(
                handoff: options.handoff, stepCounts: options.stepCounts(of: pair),
                promptTimes: promptLevels?.times, levelTimes: levels.times, quantile: quantile)
            if let likenessShare { plan.likenessShare = likenessShare }
            if let likenessLevels { plan.likenessTimes = likenessLevels.times }
            let standard = try StandardPrompt.read(options.promptFile, count: count)
            let calibrator = Calibrator(models: pair, plan: plan)
            let backend = CPUBackend(threads: ThreadPolicy(count: options.models.threads))
            let calibration = try await stoppedByInterrupt("calibrate", count: standard.count) { progress in
                try calibrator.calibrate(standard, backend: backend, progress: progress)
            }
            if dryRun {
                try Terminal.printJSON(calibration)
            } else {
                let path = pair.verifier.folder.manifestPath
                try ManifestCheck.write(calibration, to: path)
                try Terminal.printResult("\(path): \(calibration.summary)")
            }
        }
    }
}

extension CheckCalibration {
    /// What the default quantile costs, in one line.
    fileprivate var summary: String {
        let threshold = prompt.threshold(catching: quantile, isMeasuredDraft: true)
        func alarms(_ table: QuantileTable) -> String {
            "\((100 * (1 - table.probability(of: threshold))).formatted(decimals: 0)) %"
        }
        let limit = threshold.formatted(decimals: 3)
        let rule =
            promptStatistic == .promptDoubt
            ? "a critic's doubt of a picture may be \(limit)" : "a picture may lack \(limit) of its prompt"
        let unlike =
            likeness.flatMap { likeness in
                likeness.levels.first.map { level in
                    let passing = level.draft.probability(of: level.threshold(rejecting: likeness.rejectedShare))
                    return
                        "; where \((100 * likeness.rejectedShare).formatted(decimals: 0)) % of the verifier's own are found "
                        + "unlike, \((100 * (1 - passing)).formatted(decimals: 0)) % of the draft's are at the hand-off"
                }
            } ?? ""
        return
            "at quantile \(quantile) \(rule); that rejects "
            + "\(alarms(prompt.draft)) of the draft's and \(alarms(prompt.null)) of the verifier's own good pictures\(unlike)"
    }
}
