import Diffusion
import LatentCoding
import Testing

private let shape = LatentShape(height: 16, width: 16, channelCount: 8)

struct LatentCodecTests {
    @Test(arguments: [0.05, 0.25, 0.5, 1] as [Float], [0.0, 0.85])
    func planesMoveNoElementByMoreThanHalfAStep(step: Float, smoothness: Float) throws {
        let latent = smoothLatent(shape, seed: 1, smoothness: smoothness)
        let decoded = try LatentCodec.decode(LatentCodec(.planes(step: step)).encode(latent), expecting: shape)
        for channel in 0..<8 {
            // Beside the half step only roundings to Float, of numbers below 8.
            let bound = Double(step) / 2 * statistics(of: channel, in: latent).deviation + 2e-6
            for i in stride(from: channel, to: latent.values.count, by: 8) {
                #expect(abs(Double(latent.values[i]) - Double(decoded.values[i])) <= bound)
            }
        }
        #expect(decoded != latent)
    }

    /// Every coefficient of an orthonormal pyramid moves by half a step at most, and by a twelfth of a square step in the
    /// mean where steps are small against the values.
    @Test(arguments: [0.02, 0.1, 0.5, 1] as [Float], [[], [7, 4, 3, 1, 0, 0, 0, 0]] as [[UInt8]])
    func thePyramidsErrorIsThatOfItsStep(step: Float, tilts: [UInt8]) throws {
        let latent = smoothLatent(shape, seed: 1)
        let codec = LatentCodec(.pyramid(step: step, tilts: tilts))
        let decoded = try LatentCodec.decode(codec.encode(latent), expecting: shape)
        for channel in 0..<8 {
            let errors = stride(from: channel, to: latent.values.count, by: 8)
                .map { Double(latent.values[$0]) - Double(decoded.values[$0]) }
            let square = errors.reduce(0) { $0 + $1 * $1 } / Double(errors.count)
            #expect(square <= Double(step * step) / 4)
            if step <= 0.1 { #expect(square < 1.25 * Double(step * step) / 12) }
            // A tilt makes only coarse detail finer: most elements keep the step.
            if step == 0.02 { #expect(square > 0.4 * Double(step * step) / 12) }
        }
    }

    @Test func aTiltMakesTheMeanFiner() throws {
        let latent = smoothLatent(shape, seed: 3)
        func error(_ tilt: UInt8) throws -> Double {
            let codec = LatentCodec(.pyramid(step: 1, tilts: Array(repeating: tilt, count: 8)))
            let decoded = try LatentCodec.decode(codec.encode(latent), expecting: shape)
            return (0..<8).map { channel in
                abs(statistics(of: channel, in: latent).mean - statistics(of: channel, in: decoded).mean)
            }.max() ?? .nan
        }
        // Half a step of the mean is 1/32, with tilt 8 it is 1/512.
        #expect(try error(0) > 1.0 / 400)
        #expect(try error(8) <= 1.0 / 512)
    }

    @Test func strongChannelsGetATilt() {
        let codec = LatentCodec(channelDeviations: [4.06, 2.18, 1.72, 1.07, 0.79, 0.74, 1e9, -1, .nan])
        guard case .pyramid(_, let tilts) = codec.coding else {
            Issue.record("the default is the pyramid")
            return
        }
        #expect(tilts == [7, 4, 3, 1, 0, 0, 15, 0, 0])
    }

    @Test func tiltsThatDoNotFitAreRefused() {
        for tilts in [[1, 2, 3], Array(repeating: 16, count: 8)] as [[UInt8]] {
            #expect(throws: LatentCodingError.invalidTilts(tilts, channelCount: 8)) {
                try LatentCodec(.pyramid(step: 1, tilts: tilts)).encode(smoothLatent(shape, seed: 6))
            }
        }
    }

    @Test(arguments: [LatentCodec(), LatentCodec(.planes(step: 0.25))])
    func codingAgainStaysWithinTheSameBound(codec: LatentCodec) throws {
        let frame = try codec.encode(smoothLatent(shape, seed: 2))
        let once = try LatentCodec.decode(frame, expecting: shape)
        #expect(try LatentCodec.decode(frame, expecting: shape) == once)
        #expect(try codec.encode(smoothLatent(shape, seed: 2)) == frame)
        let twice = try LatentCodec.decode(codec.encode(once), expecting: shape)
        let largest = zip(once.values, twice.values).map { abs($0 - $1) }.max() ?? .nan
        #expect(largest <= 0.125 * 1.5)
    }

    @Test func losslessKeepsEveryBit() throws {
        var latent = NoiseGenerator(seed: 3).latent(shape, stream: 0)
        latent.values.replaceSubrange(
            0..<5,
            with: [-0.0, .leastNonzeroMagnitude, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, 1 / 3])
        let decoded = try LatentCodec.decode(LatentCodec.lossless.encode(latent), expecting: shape)
        #expect(decoded.values.map(\.bitPattern) == latent.values.map(\.bitPattern))
    }

    @Test(arguments: [
        LatentShape(height: 1, width: 1, channelCount: 1), LatentShape(height: 1, width: 7, channelCount: 3),
        LatentShape(height: 7, width: 1, channelCount: 3), LatentShape(height: 5, width: 3, channelCount: 1),
        LatentShape(height: 6, width: 9, channelCount: 11), LatentShape(height: 33, width: 40, channelCount: 4),
    ])
    func thinShapesComeBack(shape: LatentShape) throws {
        let latent = smoothLatent(shape, seed: 4)
        for codec in [LatentCodec(step: 0.01), LatentCodec(.planes(step: 0.01))] {
            let decoded = try LatentCodec.decode(codec.encode(latent), expecting: shape)
            #expect(zip(decoded.values, latent.values).allSatisfy { abs($0 - $1) <= 0.02 })
        }
        #expect(try LatentCodec.decode(LatentCodec.lossless.encode(latent), expecting: shape) == latent)
    }

    @Test func constantChannelsComeBackExactly() throws {
        let constants: [Float] = [0, 1.1, -3e30, .leastNonzeroMagnitude, 7, 0.1, -0.3, 1e-30]
        let latent = Latent(shape: shape, values: (0..<2048).map { constants[$0 % 8] })
        #expect(try LatentCodec.decode(LatentCodec(.planes(step: 0.25)).encode(latent), expecting: shape) == latent)
    }

    @Test func jumpsOverTheWholeRangeOfQComeBack() throws {
        // A left-right alternation whose differences leave 16 bits and wrap.
        let shape = LatentShape(height: 4, width: 64, channelCount: 1)
        let latent = Latent(shape: shape, values: (0..<256).map { $0 % 2 == 0 ? 1 : -1 })
        let decoded = try LatentCodec.decode(LatentCodec(.planes(step: 1 / 32000)).encode(latent), expecting: shape)
        #expect(zip(decoded.values, latent.values).allSatisfy { abs($0 - $1) <= 2e-5 })
    }

    @Test(arguments: [Float.nan, .infinity, -.infinity])
    func encodingWhatIsNotFiniteIsRefused(value: Float) {
        var latent = smoothLatent(shape, seed: 5)
        latent.values[77] = value
        #expect(throws: LatentCodingError.notFinite(element: 77)) { try LatentCodec().encode(latent) }
        #expect(throws: LatentCodingError.notFinite(element: 77)) { try LatentCodec.lossless.encode(latent) }
    }

    @Test(arguments: [Float.nan, .infinity, 0, -0.25])
    func aStepThatIsNoPositiveNumberIsRefused(step: Float) {
        for coding in [.planes(step: step), .pyramid(step: step, tilts: [])] as [LatentCodec.Coding] {
            #expect(throws: LatentCodingError.self) {
                try LatentCodec(coding).encode(smoothLatent(shape, seed: 6))
            }
        }
    }

    @Test func valuesTooFarApartAreRefusedAndNotWrapped() {
        var latent = smoothLatent(shape, seed: 7)
        latent.values[3] = .greatestFiniteMagnitude
        // One of 256 values far out is 16 standard deviations away: 40,000 of these steps.
        #expect(throws: LatentCodingError.rangeTooWide(channel: 3)) {
            try LatentCodec(.planes(step: 4e-4)).encode(latent)
        }
        #expect(throws: LatentCodingError.rangeTooWide(channel: 3)) { try LatentCodec().encode(latent) }
    }

    @Test func largeValuesThatFitComeBack() throws {
        // Exponents up to the largest that the format has.
        let shape = LatentShape(height: 2, width: 2, channelCount: 1)
        for magnitude in 0..<25 {
            let value = Float(1 << magnitude)
            let latent = Latent(shape: shape, values: [value, -value, 0, 1])
            let decoded = try LatentCodec.decode(LatentCodec(step: 0.9).encode(latent), expecting: shape)
            #expect(zip(decoded.values, latent.values).allSatisfy { abs($0 - $1) <= 1 + value / 1e6 }, "\(value)")
        }
    }

    @Test func extentsThatOverflowTheFrameAreRefused() {
        let wide = LatentShape(height: 1, width: 65536, channelCount: 1)
        #expect(throws: LatentCodingError.shapeTooLarge(wide)) {
            try LatentCodec().encode(Latent(shape: wide, values: Array(repeating: 0, count: 65536)))
        }
    }

    /// Figures that fail when a change makes frames larger.
    @Test(
        arguments: [
            (.pyramid(step: 0.25, tilts: []), 2.6), (.pyramid(step: 0.65, tilts: []), 1.5), (.planes(step: 0.25), 3.6),
            (.planes(step: 0.5), 2.75),
        ] as [(LatentCodec.Coding, Double)])
    func smoothLatentsTakeFewBits(coding: LatentCodec.Coding, bound: Double) throws {
        let sizes = try (0..<8).map { seed in
            try LatentCodec(coding).encode(smoothLatent(shape, seed: seed)).count
        }
        let bits = Double(8 * sizes.reduce(0, +)) / Double(8 * shape.elementCount)
        #expect(bits < bound, "\(bits) bits an element")
    }
}

struct SeedResidualTests {
    private let picture = smoothLatent(shape, seed: 8)
    private let noise = NoiseGenerator(seed: 8).latent(shape, stream: 0)

    @Test(arguments: [0, 0.1, 3.0 / 7, 0.9, 0.986])
    func estimateTakesOutExactlyTheNoiseThatStatePutsIn(time: Double) throws {
        let state = noisedState(picture: picture, noise: noise, time: time)
        let estimate = try SeedResidual.estimate(state: state, noise: noise, time: time)
        // Roundings of numbers below 8, enlarged by 1/(1 − t).
        let bound = Float(2e-6 / (1 - time))
        #expect(zip(estimate.values, picture.values).allSatisfy { abs($0 - $1) <= bound })
    }

    @Test func estimateOfAnEulerRunIsAConvexCombinationOfPictures() throws {
        // Two steps whose picture estimates are known: s_2 = Σ c_k·x̂₀_k / (1 − t_2), ALGORITHMS.md §3.
        let t = try FlowSchedule(stepCount: 4, shift: 3).times
        let estimates = [picture, smoothLatent(shape, seed: 9)]
        var state = noise
        for k in 0..<2 {
            let velocity = Latent(
                shape: shape, values: zip(state.values, estimates[k].values).map { ($0 - $1) / Float(t[k]) })
            state = EulerStep(from: t[k], to: t[k + 1]).next(state: state, velocity: velocity)
        }
        let weights = (0..<2).map { k in (t[k] - t[k + 1]) * t[2] / (t[k] * t[k + 1]) / (1 - t[2]) }
        #expect(abs(weights[0] + weights[1] - 1) < 1e-12)
        let s = try SeedResidual.estimate(state: state, noise: noise, time: t[2])
        for i in s.values.indices {
            let expected = weights[0] * Double(estimates[0].values[i]) + weights[1] * Double(estimates[1].values[i])
            #expect(abs(Double(s.values[i]) - expected) < 2e-5)
        }
    }

    @Test(arguments: [1, 1.5, -0.1, .nan])
    func aStateWithoutAPictureIsRefused(time: Double) {
        #expect(throws: LatentCodingError.self) {
            try SeedResidual.estimate(state: noise, noise: noise, time: time)
        }
    }

}
