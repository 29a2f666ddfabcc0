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

    @Test func aFractionBetweenLeavesBothModelsWork() throws {
        let schedule = try FlowSchedule(stepCount: 25, shift: 3)
        let fractions = [-1, 0, 1e-9, 0.01, 0.5, 0.8, 0.999, 1, 2, .nan]
        #expect(fractions.map(schedule.handoffStep(fraction:)) == [0, 0, 1, 1, 13, 20, 24, 25, 25, 0])
        #expect(try FlowSchedule(stepCount: 1, shift: 3).handoffStep(fraction: 0.8) == 1)
    }
}
