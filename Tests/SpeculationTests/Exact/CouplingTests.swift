import Diffusion
import ExactTestSupport
import Foundation
import Speculation
import Testing

/// The rule of one step: whatever the draft's mean, what comes out is N(m_q, σ²).
@Suite struct CouplingTests {
    /// What a rule does with a draft whose mean is `distance`·σ away, over many noises.
    struct Examination {
        static let shape = LatentShape(height: 2, width: 2, channelCount: 2)
        static let distances = [0, 0.1, 1, 3]
        static let draws = 3000
        static let sigma = 0.7

        /// (y − m_q)/σ along m_p − m_q, and along a direction across it: both standard normal.
        var along: [Double] = []
        var across: [Double] = []
        var accepted = 0

        init(_ coupling: some SpeculativeCoupling, distance: Double) {
            let count = Self.shape.elementCount
            // Two unit vectors at right angles.
            let e = (0..<count).map { Double($0 % 2 == 0 ? 1 : -1) / Double(count).squareRoot() }
            let f = (0..<count).map { Double($0 / 2 % 2 == 0 ? 1 : -1) / Double(count).squareRoot() }
            let verifierMean = NoiseGenerator(seed: 5).latent(Self.shape, stream: 0)
            var draftMean = verifierMean
            for i in 0..<count { draftMean.values[i] += Float(Self.sigma * distance * e[i]) }
            let generator = NoiseGenerator(seed: 77)
            for draw in 0..<UInt32(Self.draws) {
                let step = coupling.couple(
                    draftMean: draftMean, verifierMean: verifierMean,
                    noise: generator.latent(Self.shape, stream: draw), sigma: Self.sigma,
                    logUniform: generator.logUniform(stream: draw))
                let moved = zip(step.state.values, verifierMean.values).map { (Double($0) - Double($1)) / Self.sigma }
                along.append(zip(moved, e).reduce(0) { $0 + $1.0 * $1.1 })
                across.append(zip(moved, f).reduce(0) { $0 + $1.0 * $1.1 })
                accepted += step.isAccepted ? 1 : 0
            }
        }

        var acceptance: Double { Double(accepted) / Double(Self.draws) }
        var passes: Bool {
            Statistics.normalDistance(along) < Statistics.bound && Statistics.normalDistance(across) < Statistics.bound
        }
    }

    // 3,000 draws show a difference of 0.036 between the distribution functions.
    @Test(arguments: Examination.distances)
    func stateHasTheVerifiersLaw(distance: Double) {
        let examination = Examination(ReflectionCoupling(), distance: distance)
        #expect(Statistics.normalDistance(examination.along) < Statistics.bound)
        #expect(Statistics.normalDistance(examination.across) < Statistics.bound)
    }

    @Test(arguments: Examination.distances)
    func acceptanceIsTwoPhiOfMinusHalfTheDistance(distance: Double) {
        let expected = Statistics.acceptance(distance)
        let deviation = (expected * (1 - expected) / Double(Examination.draws)).squareRoot()
        let measured = Examination(ReflectionCoupling(), distance: distance).acceptance
        #expect(abs(measured - expected) <= 3.3 * deviation)
    }

    /// The test of the tests above: every wrong rule is found at one of the distances.
    @Test(arguments: BrokenCoupling.allCases)
    func wrongRuleIsFound(rule: BrokenCoupling) {
        #expect(!Examination.distances.dropFirst().allSatisfy { Examination(rule, distance: $0).passes })
    }

    @Test func equalMeansAreAlwaysAcceptedAndGiveTheDraft() {
        let mean = NoiseGenerator(seed: 1).latent(Examination.shape, stream: 0)
        let noise = NoiseGenerator(seed: 1).latent(Examination.shape, stream: 1)
        let step = ReflectionCoupling().couple(
            draftMean: mean, verifierMean: mean, noise: noise, sigma: 0.5, logUniform: 0)
        #expect(step.isAccepted && step.distance == 0)
        let kernel = AncestralKernel(from: 0.9, to: 0.8, eta: 1)
        let drafted = ReflectionCoupling().couple(
            draftMean: mean, verifierMean: mean, noise: noise, sigma: kernel.sigma, logUniform: 0)
        #expect(drafted.state == kernel.sample(mean: mean, noise: noise))
    }

    @Test func reflectionKeepsTheLengthOfTheNoise() {
        let (a, b) = (
            NoiseGenerator(seed: 2).latent(Examination.shape, stream: 0),
            NoiseGenerator(seed: 2).latent(Examination.shape, stream: 1)
        )
        let noise = NoiseGenerator(seed: 2).latent(Examination.shape, stream: 2)
        let state = ReflectionCoupling.mirrored(draftMean: a, verifierMean: b, noise: noise, sigma: 1)
        let length = { (values: [Float]) in values.reduce(0) { $0 + Double($1) * Double($1) } }
        #expect(abs(length(zip(state.values, b.values).map(-)) - length(noise.values)) < 1e-4)
    }

    @Test func acceptUniformsAreUniformAndIndependentOfTheNoise() {
        let generator = NoiseGenerator(seed: 9)
        let shape = LatentShape(height: 1, width: 1, channelCount: 1)
        var normals: [Double] = []
        var product = 0.0
        for stream in 0..<UInt32(4000) {
            let u = exp(generator.logUniform(stream: stream))
            #expect(u > 0 && u < 1)
            // A uniform's normal score is normal.
            product += (u - 0.5) * Double(generator.latent(shape, stream: stream).values[0])
            normals.append(u)
        }
        let uniform = normals.sorted().enumerated().reduce(0.0) { max($0, abs($1.element - Double($1.offset) / 4000)) }
        #expect(uniform * 4000.0.squareRoot() < Statistics.bound)
        // Its deviation is √(1/12)/√4000 = 0.0046.
        #expect(abs(product / 4000) < 0.015)
    }
}
