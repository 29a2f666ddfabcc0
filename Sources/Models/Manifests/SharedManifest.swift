/// What the manifest of a shared model says beyond what every manifest says.
public struct SharedManifest: Hashable, Sendable, Codable {
    public let architecture: Architecture
    public let latent: LatentStatistics

    public struct Architecture: Hashable, Sendable, Codable {
        public let textEncoder: TextEncoder
        public let vaeDecoder: VAEDecoder
    }

    var fault: String? {
        if let fault = architecture.textEncoder.fault { return "architecture.textEncoder: \(fault)" }
        if let fault = architecture.vaeDecoder.fault { return "architecture.vaeDecoder: \(fault)" }
        guard latent.channelCount == architecture.vaeDecoder.latentChannelCount else {
            return "latent.channelCount \(latent.channelCount) is not that of the decoder"
        }
        return latent.fault.map { "latent: \($0)" }
    }
}

/// Mean and standard deviation of each latent channel over the training set; denoisers see (z − mean)/deviation.
public struct LatentStatistics: Hashable, Sendable, Codable {
    public let channelCount: Int
    public let mean: [Float]
    public let standardDeviation: [Float]

    var fault: String? {
        guard mean.count == channelCount, standardDeviation.count == channelCount else {
            return "mean and standardDeviation do not have one number for each of \(channelCount) channels"
        }
        return mean.allSatisfy(\.isFinite) && standardDeviation.allSatisfy { $0 > 0 && $0.isFinite }
            ? nil : "a mean is not finite or a standardDeviation not positive"
    }

    /// From the denoisers' coordinates to the VAE's, in place. values [..., channel]
    func denormalise(_ values: inout [Float]) {
        for index in values.indices {
            let channel = index % channelCount
            values[index] = values[index] * standardDeviation[channel] + mean[channel]
        }
    }
}
