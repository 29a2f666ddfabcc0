public import Speculation

/// Writes the `check` section into a manifest and leaves every other byte as it is.
public enum ManifestCheck {
    static let name = "check"

    /// Replaces or adds the section in a file, whole or not at all.
    ///
    /// - Throws: `LabError`, also if the result were no manifest.
    public static func write(_ calibration: CheckCalibration, to path: String) throws(LabError) {
        try ManifestSection.write(calibration.rounded, named: name, to: path)
    }

    /// The manifest's bytes with the section in them; nil if they are no JSON object.
    static func inserting(_ calibration: CheckCalibration, into old: [UInt8]) throws -> [UInt8]? {
        try ManifestSection.inserting(calibration.rounded, named: name, into: old)
    }
}

extension CheckCalibration {
    /// With as many digits as a measurement has.
    fileprivate var rounded: CheckCalibration {
        func round(_ value: Double) -> Double { (value * 1e6).rounded() / 1e6 }
        func round(_ table: QuantileTable) -> QuantileTable {
            QuantileTable(values: table.values.map(round)) ?? table
        }
        var result = self
        result.prompt = Prompt(
            times: prompt.times, null: round(prompt.null), draft: round(prompt.draft),
            draftFaults: prompt.draftFaults.mapValues(round), verifierFaults: prompt.verifierFaults.mapValues(round))
        result.levels = levels.map {
            Level(
                time: round($0.time), null: round($0.null), draft: round($0.draft), noiseFaults: round($0.noiseFaults),
                earlyNoiseFaults: $0.earlyNoiseFaults.map(round))
        }
        if let likeness {
            result.likeness = Likeness(
                rejectedShare: likeness.rejectedShare,
                levels: likeness.levels.map {
                    Likeness.Level(time: round($0.time), null: round($0.null), draft: round($0.draft))
                })
        }
        return result
    }
}
