public import Diffusion
public import Speculation

/// What the manifest of a draft or a verifier says beyond what every manifest says.
public struct DenoiserManifest: Hashable, Sendable, Codable {
    public let architecture: DiffusionTransformer
    public let parameterisation: Parameterisation
    public let schedule: ScheduleDescription
    public let guidance: GuidanceRange
    /// Picture sizes that the model was trained for; others work less well the further they are.
    public let sizes: [PictureSize]
    /// Id of the shared model that the latent and the prompt belong to.
    public let shared: String
    /// Ids of the verifiers that this draft, or of the drafts that this verifier, works with.
    public let partners: [String]
    /// What reads prompts and likeness off pictures for the check; nil for drafts and for verifiers that do it themselves.
    public let critic: PictureCritic?
    /// How the verifier judges a draft; nil for drafts and for verifiers that were not calibrated.
    public let check: CheckSection?
    /// What a split of the work costs in quality; nil for drafts and for pairs that were not measured.
    public let quality: QualityMeasurement?

    /// What the network predicts.
    public enum Parameterisation: String, Hashable, Sendable, Codable {
        /// v = ξ − x₀ of the flow x_t = (1 − t)·x₀ + t·ξ.
        case velocity
    }

    /// Rows of the network that a velocity takes: two where guidance is made of it with the prompt and without.
    public func rowsPerVelocity(isGuided: Bool) -> Int { isGuided && !architecture.hasGuidanceInput ? 2 : 1 }

    /// Velocities that cost as much as asking what the prompt adds.
    public func evaluationsPerPromptQuestion(isGuided: Bool) -> Int { 2 / rowsPerVelocity(isGuided: isGuided) }

    var fault: String? {
        if let fault = architecture.fault { return "architecture: \(fault)" }
        if let fault = schedule.fault { return "schedule: \(fault)" }
        if let fault = guidance.fault { return "guidance: \(fault)" }
        if let fault = criticFault { return "critic: \(fault)" }
        if let fault = check?.fault { return "check: \(fault)" }
        if let fault = quality?.fault { return "quality: \(fault)" }
        for size in sizes {
            guard [size.width, size.height].allSatisfy(PictureSize.allowedExtents.contains) else {
                return "sizes: \(size) is not a picture with sides of \(PictureSize.allowedExtents) pixels"
            }
        }
        return nil
    }

    /// A critic reads the denoiser's latents and prompts.
    private var criticFault: String? {
        guard let critic else { return nil }
        if let fault = critic.fault { return fault }
        let trunk = critic.trunk
        return trunk.latentChannelCount == architecture.latentChannelCount && trunk.textWidth == architecture.textWidth
            && trunk.textTokenCount == architecture.textTokenCount
            ? nil : "its latent or its text is not the denoiser's"
    }
}

/// The times that a model was trained to be sampled at.
public struct ScheduleDescription: Hashable, Sendable, Codable {
    public let kind: Kind
    public let shift: Double
    public let defaultStepCount: Int

    public enum Kind: String, Hashable, Sendable, Codable {
        /// Uniform steps, shifted towards the noise: `FlowSchedule`.
        case shiftedUniform
    }

    /// The times for a number of steps, by default the model's own.
    public func times(stepCount: Int? = nil) throws(DiffusionError) -> FlowSchedule {
        try FlowSchedule(stepCount: stepCount ?? defaultStepCount, shift: shift)
    }

    var fault: String? {
        do {
            _ = try times()
            return nil
        } catch {
            return "\(error)"
        }
    }
}

/// Guidance scales that a model can be asked for.
public struct GuidanceRange: Hashable, Sendable, Codable {
    /// The scale to use when nobody says.
    public let `default`: Double
    public let minimum: Double
    public let maximum: Double

    /// Throws unless `scale` is inside.
    public func check(_ scale: Double) throws(ModelError) {
        // A NaN is on neither side.
        guard scale >= minimum, scale <= maximum else {
            throw .guidanceOutOfRange(scale, minimum: minimum, maximum: maximum)
        }
    }

    var fault: String? {
        let isOrdered = minimum <= `default` && `default` <= maximum
        return isOrdered && minimum >= 0 && maximum <= 100
            ? nil : "0 ≤ minimum ≤ default ≤ maximum ≤ 100 does not hold"
    }
}
