/// A prompt and the seed that its picture is made from.
public struct PromptedSeed: Hashable, Sendable, Codable {
    public var prompt: String
    public var seed: UInt64

    public init(prompt: String, seed: UInt64) {
        self.prompt = prompt
        self.seed = seed
    }
}
