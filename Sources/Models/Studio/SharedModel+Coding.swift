public import LatentCoding

extension SharedModel {
    /// How what a draft or a verifier hands to another model is coded: strong channels of this latent finer.
    public var handoffCodec: LatentCodec { LatentCodec(channelDeviations: manifest.latent.standardDeviation) }
}
