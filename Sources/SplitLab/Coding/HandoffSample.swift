import Diffusion

/// One real hand-off and the picture that the verifier makes of it when nothing is quantized.
struct HandoffSample: Sendable {
    let prompt: StandardPrompt
    /// ξ. [height, width, channel]
    let noise: Latent
    /// x_n. [height, width, channel]
    let state: Latent
    /// t_n.
    let time: Double
    /// s_n. [height, width, channel]
    let estimate: Latent
    /// 8-bit pixels of the reference; empty where no picture is compared.
    let reference: [UInt8]
}
