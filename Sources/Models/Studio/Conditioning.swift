import Tensors

/// What the text encoder makes of a prompt, for the denoisers.
public struct Conditioning: Sendable {
    /// [text token, width]
    let tokens: [Float]
    /// The tokens' mean. [width]
    let pooled: [Float]

    var width: Int { pooled.count }
    var tokenCount: Int { pooled.isEmpty ? 0 : tokens.count / pooled.count }
}
