extension DiffusionTransformer: Codable {
    private enum CodingKeys: String, CodingKey {
        case kind, width, headCount, layerCount, patchSize, latentChannelCount, textWidth, textTokenCount
        case hasGuidanceInput = "guidanceEmbedding"
    }

    private static let kind = "dit"

    public init(from decoder: any Decoder) throws {
        try self.init(from: decoder, kind: Self.kind)
    }

    public func encode(to encoder: any Encoder) throws {
        try encode(to: encoder, kind: Self.kind)
    }

    /// Reads the hyperparameters of a network of another kind that is made of one.
    init(from decoder: any Decoder, kind expected: String) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let kind = try container.decode(String.self, forKey: .kind)
        guard kind == expected else {
            throw DecodingError.dataCorruptedError(
                forKey: .kind, in: container,
                debugDescription: "this build knows the kind '\(expected)', not '\(kind)'")
        }
        self.init(
            width: try container.decode(Int.self, forKey: .width),
            headCount: try container.decode(Int.self, forKey: .headCount),
            layerCount: try container.decode(Int.self, forKey: .layerCount),
            patchSize: try container.decode(Int.self, forKey: .patchSize),
            latentChannelCount: try container.decode(Int.self, forKey: .latentChannelCount),
            textWidth: try container.decode(Int.self, forKey: .textWidth),
            textTokenCount: try container.decode(Int.self, forKey: .textTokenCount),
            hasGuidanceInput: try container.decode(Bool.self, forKey: .hasGuidanceInput))
    }

    func encode(to encoder: any Encoder, kind: String) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(kind, forKey: .kind)
        try container.encode(width, forKey: .width)
        try container.encode(headCount, forKey: .headCount)
        try container.encode(layerCount, forKey: .layerCount)
        try container.encode(patchSize, forKey: .patchSize)
        try container.encode(latentChannelCount, forKey: .latentChannelCount)
        try container.encode(textWidth, forKey: .textWidth)
        try container.encode(textTokenCount, forKey: .textTokenCount)
        try container.encode(hasGuidanceInput, forKey: .hasGuidanceInput)
    }
}
