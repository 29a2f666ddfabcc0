import Diffusion
import Testing

struct FlowScheduleTests {
    @Test(arguments: [1, 2, 25, 1000], [0.01, 0.5, 1, 3, 7, 100])
    func timesFallStrictlyFromOneToZero(stepCount: Int, shift: Double) throws {
        let times = try FlowSchedule(stepCount: stepCount, shift: shift).times
        #expect(times.count == stepCount + 1)
        #expect(times.first == 1)
        #expect(times.last == 0)
        #expect(zip(times, times.dropFirst()).allSatisfy { Float($0) > Float($1) })
    }

    @Test func shiftHoldsTheStateInHighNoise() throws {
        // ALGORITHMS.md §1: after 80 % of the steps t = 0.43 with shift 3 and 0.20 with shift 1.
        #expect(abs(try FlowSchedule(stepCount: 25, shift: 3).times[20] - 3.0 / 7) < 1e-15)
        #expect(abs(try FlowSchedule(stepCount: 25, shift: 1).times[20] - 0.2) < 1e-15)
    }

    @Test(arguments: [Int.min, -1, 0, 1001, Int.max])
    func aStepCountOutOfRangeIsRefused(stepCount: Int) {
        #expect(throws: DiffusionError.stepCountOutOfRange(stepCount)) {
            try FlowSchedule(stepCount: stepCount, shift: 3)
        }
    }

    @Test(arguments: [0, -1, .nan, .infinity, -.infinity, 1e-300, 1e300])
    func aShiftOutOfRangeIsRefused(shift: Double) {
        #expect(throws: DiffusionError.self) { try FlowSchedule(stepCount: 25, shift: shift) }
    }

    @Test func nearestStepMinimisesTheDistance() throws {
        let schedule = try FlowSchedule(stepCount: 25, shift: 3)
        for n in 0...25 {
            #expect(schedule.step(nearestTo: schedule.times[n]) == n)
            #expect(schedule.step(nearestTo: schedule.times[n] + 1e-6) == n)
        }
        #expect(schedule.step(nearestTo: 7) == 0)
        #expect(schedule.step(nearestTo: -7) == 25)
        #expect(try FlowSchedule(stepCount: 2, shift: 1).step(nearestTo: 0.25) == 1)
    }

    @Test(arguments: [2, 3, 8, 25], [0.01, 1, 3, 100])
    func aStateComesInAtTheNearestInnerStep(stepCount: Int, shift: Double) throws {
        let schedule = try FlowSchedule(stepCount: stepCount, shift: shift)
        for time in [1e-9, 0.01, 0.2, 3.0 / 7, 0.5, 0.9, 0.999, 1 - 1e-9] {
            let (entered, step) = try #require(schedule.entered(at: time))
            #expect((1..<stepCount).contains(step) && entered.times[step] == time)
            #expect(zip(entered.times, entered.times.dropFirst()).allSatisfy { $0 > $1 })
            for n in 0...stepCount where n != step { #expect(entered.times[n] == schedule.times[n]) }
            let nearest = (1..<stepCount).map { abs(schedule.times[$0] - time) }.min()
            #expect(abs(schedule.times[step] - time) == nearest)
        }
        // At its own times nothing moves.
        for n in 1...stepCount {
            let (entered, step) = try #require(schedule.entered(at: schedule.times[n]))
            #expect(entered == schedule && step == n)
        }
    }

    @Test func noStateComesInAtTheNoiseOrOutsideOrIntoASingleStep() throws {
        let schedule = try FlowSchedule(stepCount: 8, shift: 3)
        for time in [1, 1.5, -0.1, .nan, .infinity] { #expect(schedule.entered(at: time) == nil) }
        let single = try FlowSchedule(stepCount: 1, shift: 3)
        #expect(single.entered(at: 0.4) == nil)
        #expect(single.entered(at: 0)?.step == 1)
    }

    @Test func aFractionBetweenLeavesBothModelsWork() throws {
        let schedule = try FlowSchedule(stepCount: 25, shift: 3)
        let fractions = [-1, 0, 1e-9, 0.01, 0.5, 0.8, 0.999, 1, 2, .nan]
        #expect(fractions.map(schedule.handoffStep(fraction:)) == [0, 0, 1, 1, 13, 20, 24, 25, 25, 0])
        #expect(try FlowSchedule(stepCount: 1, shift: 3).handoffStep(fraction: 0.8) == 1)
    }
}
