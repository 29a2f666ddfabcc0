import Diffusion
import Tensors

extension Latent {
    /// [height, width, channel]
    var tensor: Tensor { Tensor([shape.height, shape.width, shape.channelCount], values) }
}
