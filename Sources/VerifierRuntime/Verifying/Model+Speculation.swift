import Models
import Speculation

extension DenoiserModel {
    /// What a job calls the model.
    var identity: ModelIdentity {
        ModelIdentity(id: id, weightsDigest: weightsDigest)
    }
}
