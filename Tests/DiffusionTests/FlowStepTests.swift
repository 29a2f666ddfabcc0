import Diffusion
import Testing

private let shape = LatentShape(height: 4, width: 4, channelCount: 4)

struct FlowStepTests {
    private let picture = NoiseGenerator(seed: 1).latent(shape, stream: 0)
    private let noise = NoiseGenerator(seed: 2).latent(shape, stream: 0)

    @Test(arguments: [0.1, 0.43, 0.9, 1])
    func estimatesInvertTheInterpolation(time: Double) {
        let state = noisedState(picture: picture, noise: noise, time: time)
        let velocity = difference(noise, picture)
        let back = pictureEstimate(state: state, velocity: velocity, time: time)
        let backNoise = noiseEstimate(state: state, velocity: velocity, time: time)
        #expect(largestDifference(back, picture) < 1e-6)
        #expect(largestDifference(backNoise, noise) < 1e-6)
    }

    @Test func interpolationIsExactAtItsEnds() {
        #expect(noisedState(picture: picture, noise: noise, time: 1) == noise)
        #expect(noisedState(picture: picture, noise: noise, time: 0) == picture)
    }

    @Test func eulerStepFollowsAStraightLine() throws {
        let velocity = difference(noise, picture)
        let step = EulerStep(from: 0.75, to: 0.5)
        let state = noisedState(picture: picture, noise: noise, time: 0.75)
        let next = step.next(state: state, velocity: velocity)
        #expect(largestDifference(next, noisedState(picture: picture, noise: noise, time: 0.5)) < 1e-6)
        let schedule = try FlowSchedule(stepCount: 2, shift: 1)
        #expect(EulerStep(1, of: schedule) == EulerStep(from: 0.5, to: 0))
    }

    @Test func ancestralKernelWithoutNoiseIsTheEulerStep() {
        let state = noisedState(picture: picture, noise: noise, time: 0.8)
        let velocity = NoiseGenerator(seed: 3).latent(shape, stream: 0)
        let kernel = AncestralKernel(from: 0.8, to: 0.6, eta: 0)
        #expect(kernel.sigma == 0)
        let euler = EulerStep(from: 0.8, to: 0.6).next(state: state, velocity: velocity)
        #expect(largestDifference(kernel.mean(state: state, velocity: velocity), euler) < 1e-6)
    }

    /// With η = 1 the kernel is the posterior of the forward process x_t = a·x_s + √(t² − a²s²)·z with
    /// a = (1−t)/(1−s), whose variance given x_t and x₀ is s² − (covariance of x_s and x_t)² / t².
    @Test(arguments: [(0.8, 0.5), (0.43, 0.38), (0.1, 0.01)])
    func ancestralNoiseIsThatOfThePosterior(time: Double, nextTime: Double) {
        let covariance = (1 - time) / (1 - nextTime) * nextTime * nextTime
        let posterior = nextTime * nextTime - covariance * covariance / (time * time)
        let kernel = AncestralKernel(from: time, to: nextTime, eta: 1)
        #expect(abs(kernel.sigma - posterior.squareRoot()) < 1e-12)
        #expect(abs(AncestralKernel(from: time, to: nextTime, eta: 0.5).sigma - kernel.sigma / 2) < 1e-15)
    }

    @Test func ancestralKernelIsDefinedAtBothEnds() {
        let start = AncestralKernel(from: 1, to: 0.9, eta: 0.5)
        #expect(abs(start.sigma - 0.45) < 1e-15)
        let end = AncestralKernel(from: 0.1, to: 0, eta: 1)
        #expect(end.sigma == 0)
        #expect(end.keptNoise == 0)
    }

    /// For a single known picture the state at s must keep the law N((1−s)·x₀, s²), whatever η is.
    @Test(arguments: [0.3, 1])
    func ancestralChainKeepsTheNoiseLevel(eta: Double) throws {
        let shape = LatentShape(height: 100, width: 100, channelCount: 1)
        let picture = Latent(shape: shape, values: Array(repeating: 2, count: shape.elementCount))
        let times = try FlowSchedule(stepCount: 8, shift: 3).times
        var state = NoiseGenerator(seed: 4).latent(shape, stream: 0)
        for n in 0..<7 {
            let kernel = AncestralKernel(from: times[n], to: times[n + 1], eta: eta)
            let t = Float(times[n])
            let velocity = Latent(
                shape: shape, values: zip(state.values, picture.values).map { ($0 - $1) / t })
            let noise = NoiseGenerator(seed: 4).latent(shape, stream: UInt32(n + 1))
            state = kernel.sample(mean: kernel.mean(state: state, velocity: velocity), noise: noise)
            let s = times[n + 1]
            let deviations = state.values.map { Double($0) - 2 * (1 - s) }
            let squares = deviations.reduce(0) { $0 + $1 * $1 }
            // Four standard errors of a variance of 10⁴ draws.
            #expect(abs(squares / 10_000 / (s * s) - 1) < 4 * (2.0 / 10_000).squareRoot())
        }
    }
}

struct FlowTrajectoryTests {
    @Test func fullRunReachesAGaussiansQuantiles() throws {
        // The exact flow of N(1, ½²) carries ξ to 1 + ξ/2.
        var model = GaussianFlow(mean: 1, deviation: 0.5)
        let noise = NoiseGenerator(seed: 6).latent(shape, stream: 0)
        let trajectory = FlowTrajectory(try FlowSchedule(stepCount: 1000, shift: 1))
        let result = try trajectory.run(0..<1000, from: noise, with: &model)
        let exact = Latent(shape: shape, values: noise.values.map { 1 + $0 / 2 })
        #expect(largestDifference(result, exact) < 5e-3)
        #expect(model.evaluations == 1000)
    }

    @Test func aKnownFirstVelocityGivesTheSameBitsForOneEvaluationLess() throws {
        var model = GaussianFlow(mean: 1, deviation: 0.5)
        let noise = NoiseGenerator(seed: 6).latent(shape, stream: 0)
        let trajectory = FlowTrajectory(try FlowSchedule(stepCount: 25, shift: 3))
        let part = try trajectory.run(0..<20, from: noise, with: &model)
        let whole = try trajectory.run(20..<25, from: part, with: &model)
        var reached: [Int] = []
        let velocity = model.velocities([part], at: [trajectory.schedule.times[20]])[0]
        model.evaluations = 0
        let rest = try trajectory.run(20..<25, from: part, firstVelocity: velocity, with: &model) {
            reached.append($0.step)
        }
        #expect(rest == whole)
        #expect(reached == [21, 22, 23, 24, 25])
        #expect(model.evaluations == 4)
        #expect(try trajectory.run(25..<25, from: rest, with: &model) == whole)
    }

    /// Ten steps err by a quarter of what Euler's ten do, about as its forty.
    @Test func aCurvedWayIsFollowedToSecondOrder() throws {
        var model = GaussianFlow(mean: 1, deviation: 0.5)
        let noise = NoiseGenerator(seed: 6).latent(shape, stream: 0)
        func error(_ stepCount: Int) throws -> Float {
            let schedule = try FlowSchedule(stepCount: stepCount, shift: 3)
            // Up to four fifths of the steps, at t = 3/7 for all counts.
            let n = stepCount * 4 / 5
            let state = try FlowTrajectory(schedule).run(0..<n, from: noise, with: &model)
            let fine = try FlowSchedule(stepCount: 1000, shift: 3)
            return largestDifference(
                state, try FlowTrajectory(fine).run(0..<800, from: noise, with: &model))
        }
        let euler = try eulerError(10, noise: noise, model: &model)
        #expect(try error(10) < euler / 3)
        // Of second order: half the length leaves about a quarter.
        #expect(try error(40) < error(20) / 3)
    }

    private func eulerError(_ stepCount: Int, noise: Latent, model: inout GaussianFlow) throws -> Float {
        let schedule = try FlowSchedule(stepCount: stepCount, shift: 3)
        var state = noise
        for n in 0..<stepCount * 4 / 5 {
            let velocity = model.velocities([state], at: [schedule.times[n]])[0]
            state = EulerStep(n, of: schedule).next(state: state, velocity: velocity)
        }
        let fine = try FlowSchedule(stepCount: 1000, shift: 3)
        return largestDifference(state, try FlowTrajectory(fine).run(0..<800, from: noise, with: &model))
    }

    @Test func theFirstStepAndTheLastAreEulers() throws {
        let schedule = try FlowSchedule(stepCount: 3, shift: 1)
        let velocities = (1...3).map { NoiseGenerator(seed: UInt64($0)).latent(shape, stream: 0) }
        var walk = FlowWalk(schedule, state: NoiseGenerator(seed: 9).latent(shape, stream: 0))
        var states = [walk.state]
        for velocity in velocities {
            try walk.take(velocity)
            states.append(walk.state)
        }
        for n in [0, 2] {
            #expect(states[n + 1] == EulerStep(n, of: schedule).next(state: states[n], velocity: velocities[n]))
        }
        // Steps of one length: 3/2 of the velocity less 1/2 of the one before.
        let mean = Latent(
            shape: shape, values: zip(velocities[1].values, velocities[0].values).map { 1.5 * $0 - 0.5 * $1 })
        let expected = EulerStep(1, of: schedule).next(state: states[1], velocity: mean)
        #expect(largestDifference(states[2], expected) < 1e-6)
        #expect(throws: DiffusionError.stepsOutOfRange(lowerBound: 3, upperBound: 4, stepCount: 3)) {
            try walk.take(velocities[0])
        }
    }

    /// What travels holds no noise of the seed (ALGORITHMS.md §3), whatever the pictures are that a model sees.
    @Test func aStateIsItsShareOfTheNoiseAndAPicture() throws {
        let schedule = try FlowSchedule(stepCount: 10, shift: 3)
        let noise = NoiseGenerator(seed: 9).latent(shape, stream: 0)
        func estimate(_ noise: Latent) throws -> Latent {
            var walk = FlowWalk(schedule, state: noise)
            for n in 0..<8 {
                // x̂₀ is a picture of its own at each step, so v = (x − x̂₀) / t.
                let picture = NoiseGenerator(seed: UInt64(100 + n)).latent(shape, stream: 0)
                let t = Float(walk.time)
                try walk.take(
                    Latent(shape: shape, values: zip(walk.state.values, picture.values).map { ($0 - $1) / t }))
            }
            let t = Float(walk.time)
            return Latent(
                shape: shape, values: zip(walk.state.values, noise.values).map { ($0 - t * $1) / (1 - t) })
        }
        let other = NoiseGenerator(seed: 10).latent(shape, stream: 0)
        #expect(largestDifference(try estimate(noise), try estimate(other)) < 1e-4)
    }

    @Test(arguments: [Float.nan, .infinity])
    func aVelocityThatIsNotFiniteNamesItsStep(value: Float) throws {
        var model = GaussianFlow(mean: 1, deviation: 0.5)
        model.fault = (evaluation: 3, value: value)
        let noise = NoiseGenerator(seed: 6).latent(shape, stream: 0)
        let trajectory = FlowTrajectory(try FlowSchedule(stepCount: 25, shift: 3))
        #expect(throws: DiffusionError.notFinite(step: 12)) {
            try trajectory.run(10..<25, from: noise, with: &model)
        }
    }

    @Test func throwingFromProgressStopsTheRun() throws {
        struct Cancelled: Error {}
        var model = GaussianFlow(mean: 1, deviation: 0.5)
        let noise = NoiseGenerator(seed: 6).latent(shape, stream: 0)
        let trajectory = FlowTrajectory(try FlowSchedule(stepCount: 25, shift: 3))
        #expect(throws: Cancelled.self) {
            try trajectory.run(0..<25, from: noise, with: &model) { if $0.step == 4 { throw Cancelled() } }
        }
        #expect(model.evaluations == 4)
    }

    @Test(arguments: [-1..<3, 0..<26, 26..<26])
    func stepsThatTheScheduleLacksAreRefused(steps: Range<Int>) throws {
        var model = GaussianFlow(mean: 1, deviation: 0.5)
        let noise = NoiseGenerator(seed: 6).latent(shape, stream: 0)
        let trajectory = FlowTrajectory(try FlowSchedule(stepCount: 25, shift: 3))
        #expect(throws: DiffusionError.self) { try trajectory.run(steps, from: noise, with: &model) }
    }

    @Test func aModelOfAnotherShapeIsRefused() throws {
        struct Wrong: VelocityPredicting {
            let rows: [Latent]
            func velocities(_ states: [Latent], at times: [Double]) -> [Latent] { rows }
        }
        let noise = NoiseGenerator(seed: 6).latent(shape, stream: 0)
        let other = LatentShape(height: 2, width: 2, channelCount: 4)
        let trajectory = FlowTrajectory(try FlowSchedule(stepCount: 25, shift: 3))
        var none = Wrong(rows: [])
        var small = Wrong(rows: [NoiseGenerator(seed: 6).latent(other, stream: 0)])
        #expect(throws: DiffusionError.rowCountMismatch(expected: 1, got: 0)) {
            try trajectory.run(0..<25, from: noise, with: &none)
        }
        #expect(throws: DiffusionError.shapeMismatch(expected: shape, got: other)) {
            try trajectory.run(0..<25, from: noise, with: &small)
        }
    }
}

/// The exact flow of independent normal elements of one mean and deviation.
private struct GaussianFlow: VelocityPredicting {
    let mean: Double
    let deviation: Double
    var evaluations = 0
    var fault: (evaluation: Int, value: Float)?

    init(mean: Double, deviation: Double) {
        self.mean = mean
        self.deviation = deviation
    }

    mutating func velocities(_ states: [Latent], at times: [Double]) -> [Latent] {
        zip(states, times).map { state, t in
            evaluations += 1
            let spread = (1 - t) * (1 - t) * deviation * deviation + t * t
            let slope = (t - (1 - t) * deviation * deviation) / spread
            var values = state.values.map { Float(slope * (Double($0) - (1 - t) * mean) - mean) }
            if let fault, fault.evaluation == evaluations { values[0] = fault.value }
            return Latent(shape: state.shape, values: values)
        }
    }
}

private func difference(_ a: Latent, _ b: Latent) -> Latent {
    Latent(shape: a.shape, values: zip(a.values, b.values).map { $0 - $1 })
}

/// NaN if any element is.
private func largestDifference(_ a: Latent, _ b: Latent) -> Float {
    zip(a.values, b.values).reduce(0) { largest, pair in
        let distance = abs(pair.0 - pair.1)
        return distance > largest || distance.isNaN ? distance : largest
    }
}
