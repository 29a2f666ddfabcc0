import Diffusion
import Testing

@testable import ExactWindows

@Suite struct PictureDifferenceCodeTests {
    private static let shape = LatentShape(height: 16, width: 16, channelCount: 8)

    private func noise(deviation: Double, seed: UInt64 = 1) -> Latent {
        var latent = NoiseGenerator(seed: seed).latent(Self.shape, stream: 0)
        for i in latent.values.indices { latent.values[i] *= Float(deviation) }
        return latent
    }

    private func constant(_ value: Float) -> Latent {
        Latent(shape: Self.shape, values: Array(repeating: value, count: Self.shape.elementCount))
    }

    /// Of an element (RMS), once coded.
    private func error(_ picture: Latent, from reference: Latent, tolerance: Double) throws -> Double {
        let (bytes, coded) = try PictureDifferenceCode.encode(picture, from: reference, tolerance: tolerance)
        #expect(try PictureDifferenceCode.decode(bytes, from: reference) == coded)
        let squares = zip(coded.values, picture.values).reduce(0.0) { sum, pair in
            sum + (Double(pair.0) - Double(pair.1)) * (Double(pair.0) - Double(pair.1))
        }
        return (squares / Double(picture.values.count)).squareRoot()
    }

    @Test(arguments: [0.01, 0.1, 1, 10, 100]) func theErrorIsTheToleratedOne(deviation: Double) throws {
        let (picture, reference) = (noise(deviation: deviation), noise(deviation: deviation, seed: 2))
        for tolerance in [0.02 * deviation, 0.3 * deviation] {
            let error = try error(picture, from: reference, tolerance: tolerance)
            // Frames name steps to 9 %, rounded down; what is finer than that costs bits for nothing.
            #expect((0.85 * tolerance...1.05 * tolerance).contains(error), "\(error) instead of \(tolerance)")
        }
        // The tolerance does not follow the picture.
        #expect(try error(picture, from: reference, tolerance: 0.1) <= 1.05 * 0.1)
    }

    @Test(arguments: [0, 1e-12, 1e-4, 1, 1e9]) func anyFinitePictureIsCoded(tolerance: Double) throws {
        for value in [0, 1e-30, 1e-3, 1000, 1e10] as [Float] {
            let coded = try error(constant(value), from: constant(0), tolerance: tolerance)
            #expect(coded <= max(2 * tolerance, 1e-4, Double(value) * 1e-5), "\(value)")
            _ = try error(constant(value), from: noise(deviation: 1), tolerance: tolerance)
        }
    }
}
