import Diffusion
import Speculation
import Testing

@testable import ExactWindows

@Suite struct ReceivedLatentTests {
    private func latent(_ value: Float) -> Latent {
        Latent(shape: LatentShape(height: 1, width: 2, channelCount: 1), values: [0, value])
    }

    @Test func whatNoPictureHasIsRefused() throws {
        for value in [0, 5, -1000, 1000] as [Float] { try latent(value).checkReceived() }
        for value in [1001, -1001, 3e38, .infinity, -.infinity, .nan] as [Float] {
            #expect { try latent(value).checkReceived() } throws: { ($0 as? VerifierError)?.code == .invalidLatent }
        }
    }

    @Test func windowsOfAbsurdPicturesAreRefused() throws {
        let plan = try ChainTests.plan(seed: 1)
        let chain = VerifierChain(plan: plan, correction: .none)
        let shape = plan.randomness.shape
        let zero = Latent(shape: shape, values: Array(repeating: 0, count: shape.elementCount))
        for (value, isTaken) in [(Float(5), true), (1e10, false)] {
            let picture = Latent(shape: shape, values: Array(repeating: value, count: shape.elementCount))
            let frame = try PictureDifferenceCode.encode(picture, from: zero, tolerance: 0.1).bytes
            let exchange = try ChainTests.exchange([frame], index: 0, step: 0)
            if isTaken {
                #expect(try chain.window(exchange).count == 1)
            } else {
                #expect { try chain.window(exchange) } throws: { ($0 as? VerifierError)?.code == .invalidLatent }
            }
        }
    }
}
