import Diffusion
import Testing

@testable import SplitLab

@Suite struct EnergyTestTests {
    /// Sets of one law, shifted by `shift` in one of the two; a fixed sequence of fractions, so no seed is needed.
    private func sets(shift: Float) -> ([Latent], [Latent]) {
        let shape = LatentShape(height: 1, width: 1, channelCount: 1)
        let values = (0..<20).map { Float(($0 * 7) % 20) / 20 }
        let latents = values.enumerated().map { index, value in
            Latent(shape: shape, values: [value + (index < 10 ? 0 : shift)])
        }
        return (Array(latents[..<10]), Array(latents[10...]))
    }

    /// Of 999 true shuffles none restores two sets that lie apart. Rotations of the order, which a shuffle must not be, would
    /// restore them every 20th time.
    @Test func setsThatLieApartAreFound() {
        let (a, b) = sets(shift: 5)
        #expect(EnergyTest(a, b).probability == 0.001)
    }

    @Test func setsOfOneLawAreNot() {
        let (a, b) = sets(shift: 0)
        #expect(EnergyTest(a, b).probability > 0.05)
    }
}
