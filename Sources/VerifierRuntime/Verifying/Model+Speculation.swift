import Models
import Speculation

extension DenoiserModel {
    /// What a job calls the model.
    var identity: ModelIdentity {
        ModelIdentity(id: id, weightsDigest: weightsDigest)
    }
}

extension DenoiserManifest {
    /// The calibrated levels of the check; none if the manifest has none, or thresholds of a statistic that this
    /// version does not compute.
    ///
    /// - Throws: `SpeculationError.invalidLevel`.
    func checkLevels() throws(SpeculationError) -> [CheckLevel] {
        guard let check, check.isUnderstood else { return [] }
        var levels: [CheckLevel] = []
        for (time, threshold) in zip(check.levels, check.thresholds) {
            levels.append(try CheckLevel(time: time, threshold: Float(threshold)))
        }
        return levels
    }
}
