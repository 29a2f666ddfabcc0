import Diffusion
import EdgeRuntime
import Foundation
public import Models
import Speculation

/// Makes a pair's quality curve from an experiment's runs and puts it into the verifier's manifest.
public enum QualityCurveWriter {
    /// Fewer pictures say too little.
    static let fewestPictures = 4

    /// The curve of each mode that was measured, over the pictures of the pair's own schedule.
    ///
    /// - Throws: `LabError.invalidPlan` without enough runs of this pair.
    public static func measurement(runs: [RunRecord], pair: ModelPair) throws(LabError) -> QualityMeasurement {
        let counts = pair.stepCounts
        let models = RunRecord.Models(pair)
        let usable = runs.filter {
            $0.models == models && $0.sampler == FlowWalk.method && $0.stepCounts == counts && $0.order == .smallFirst
                && !$0.isAuto
                && ($0.shift == nil || $0.shift == pair.verifier.manifest.schedule.shift)
        }
        let curves = curves(usable, counts)
        guard !curves.modes.isEmpty else {
            throw .invalidPlan(
                "there are not \(fewestPictures) pictures of this pair at any split with \(counts) steps; "
                    + "make them with `underpaint lab split --preset quality`")
        }
        return QualityMeasurement(
            statistic: QualityMeasurement.pictureDistance, stepCount: counts.draft,
            verifierStepCount: counts.verifier, samples: curves.samples, draft: pair.draft.id,
            draftDigest: pair.draft.weightsDigest, critic: pair.verifier.calibration?.critic, modes: curves.modes)
    }

    static func curves(
        _ runs: [RunRecord], _ counts: StepCounts
    ) -> (modes: [String: QualityMeasurement.Curve], samples: Int) {
        var samples = Int.max
        var curves: [String: QualityMeasurement.Curve] = [:]
        for mode in SpeculationMode.allCases {
            // A picture is the same on every network and edge and counts once.
            var pictures: [Int: [PromptedSeed: RunRecord]] = [:]
            for run in runs where run.draftSteps > 0 && (run.mode == mode || run.draftSteps == counts.draft) {
                pictures[run.draftSteps, default: [:]][PromptedSeed(prompt: run.prompt, seed: run.seed)] = run
            }
            let steps = pictures.keys.sorted().filter { (pictures[$0]?.count ?? 0) >= fewestPictures }
            guard steps.contains(where: { $0 < counts.draft }) else { continue }
            let means = steps.map { step in
                let found = (pictures[step] ?? [:]).values
                samples = min(samples, found.count)
                return (
                    fraction: Double(step) / Double(counts.draft), loss: Sample(found.map(\.loss)).mean,
                    share: Sample(found.map { Double($0.verifierEvaluations) / Double(counts.verifier) }).mean
                )
            }
            curves[mode.rawValue] = QualityMeasurement.Curve(
                fractions: [0] + means.map(\.fraction), losses: [0] + means.map { rounded($0.loss) },
                evaluationShares: [1] + means.map { rounded($0.share) })
        }
        return (curves, curves.isEmpty ? 0 : samples)
    }

    /// Puts a curve into a manifest, in place of an earlier one; all else stays. What is written is read back first.
    ///
    /// - Throws: `LabError.damagedFile` or `.notWritable`.
    public static func write(_ measurement: QualityMeasurement, to manifestPath: String) throws(LabError) {
        try ManifestSection.write(measurement, named: "quality", to: manifestPath)
    }

    /// Five digits are more than a mean of a few pictures has.
    private static func rounded(_ value: Double) -> Double { (value * 1e5).rounded() / 1e5 }
}
