extension Latent {
    /// All zero.
    package static func zero(_ shape: LatentShape) -> Latent {
        Latent(shape: shape, values: Array(repeating: 0, count: shape.elementCount))
    }

    /// self + factor·other, each element rounded after the product and after the sum, alike on every machine.
    ///
    /// - Precondition: both have the same shape.
    package func adding(_ other: Latent, times factor: Float = 1) -> Latent {
        combined(with: other) { $0 + factor * $1 }
    }

    /// - Precondition: both have the same shape.
    package func subtracting(_ other: Latent) -> Latent { adding(other, times: -1) }

    /// A latent whose elements are `body` of the elements of both.
    ///
    /// - Precondition: both have the same shape.
    func combined(with other: Latent, _ body: (Float, Float) -> Float) -> Latent {
        precondition(shape == other.shape, "latents of \(shape) and \(other.shape) have no common elements")
        var result = self
        for i in result.values.indices {
            result.values[i] = body(values[i], other.values[i])
        }
        return result
    }
}
