/// Standard normal noise that edge and verifier make alike, bit for bit (ALGORITHMS.md §2).
///
/// Element i of stream k comes from Philox4x32-10 with the seed as key (low word first) and the counter
/// (low word of b, high word of b, k, 0), where b = i / 4. The block's words w₀…w₃ give two Box–Muller
/// pairs, (w₀, w₁) and (w₂, w₃): with r = √(−2·ln((2w₀ + 1)/2³³)) and φ = 2π·w₁/2³² they are r·cos φ and
/// r·sin φ, rounded to `Float` at the end. The largest possible magnitude is 6.77.
public struct NoiseGenerator: Hashable, Sendable {
    public let seed: UInt64

    public init(seed: UInt64) {
        self.seed = seed
    }

    /// Overwrites every element of `out` with the first `out.count` values of `stream`.
    ///
    /// Stream 0 is the initial noise ξ, stream n + 1 the noise of step n. A shorter array gets a prefix of
    /// what a longer one gets.
    public func fill(_ out: inout [Float], stream: UInt32) {
        let key = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
        for start in stride(from: 0, to: out.count, by: 4) {
            let index = UInt64(start / 4)
            let counter = SIMD4(
                UInt32(truncatingIfNeeded: index), UInt32(truncatingIfNeeded: index >> 32), stream, 0)
            let normals = Self.normals(of: Philox.block(counter: counter, key: key))
            for lane in 0..<min(4, out.count - start) {
                out[start + lane] = normals[lane]
            }
        }
    }

    /// A latent of standard normal noise.
    public func latent(_ shape: LatentShape, stream: UInt32) -> Latent {
        var values = [Float](repeating: 0, count: shape.elementCount)
        fill(&values, stream: stream)
        return Latent(shape: shape, values: values)
    }

    /// ln u for a u uniform in (0, 1) that belongs to a stream and is independent of all noise.
    ///
    /// u = (2w + 1)/2³³ with the first word w of the block at counter (0, 0, stream, 1): the noise has 0 in the last
    /// word. The logarithm is what an acceptance rule compares with, and is the same on every machine.
    public func logUniform(stream: UInt32) -> Double {
        let key = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
        return ExactMath.logOfUniform(Philox.block(counter: SIMD4(0, 0, stream, 1), key: key)[0])
    }

    private static func normals(of words: SIMD4<UInt32>) -> SIMD4<Float> {
        var result = SIMD4<Float>()
        for pair in 0..<2 {
            let radius = (-2 * ExactMath.logOfUniform(words[2 * pair])).squareRoot()
            let (cosine, sine) = ExactMath.cosineAndSine(ofTurn: words[2 * pair + 1])
            result[2 * pair] = Float(radius * cosine)
            result[2 * pair + 1] = Float(radius * sine)
        }
        return result
    }
}
