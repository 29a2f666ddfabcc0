public import Diffusion

/// The steps of an exact chain and their noise, known before the first evaluation.
///
/// Steps before `tailStep` may be drafted; from there the verifier goes alone. The last step adds no noise and is never
/// drafted; the steps before it add little, so that a draft would have to be all but equal to be accepted.
public struct ExactPlan: Hashable, Sendable {
    public let schedule: FlowSchedule
    /// The first step that the verifier takes alone, at most N − 1.
    public let tailStep: Int
    public let randomness: ExactRandomness
    /// The step from t_n to t_{n+1} for every n.
    public let kernels: [AncestralKernel]

    /// - Parameter tailStep: 0…N; N means N − 1.
    public init(schedule: FlowSchedule, tailStep: Int, seed: UInt64, shape: LatentShape) {
        precondition((0...schedule.stepCount).contains(tailStep), "no tail from step \(tailStep)")
        self.schedule = schedule
        self.tailStep = min(tailStep, schedule.stepCount - 1)
        self.randomness = ExactRandomness(seed: seed, shape: shape)
        // η = 1 makes ‖Δ‖ smallest for a given error of the draft.
        self.kernels = zip(schedule.times, schedule.times.dropFirst()).map {
            AncestralKernel(from: $0, to: $1, eta: 1)
        }
    }

    /// The plan of a job in mode `exact`; its hand-off step is the first of the tail.
    ///
    /// - Throws: `invalidJob` for a schedule or hand-off step out of range.
    public init(job: VerificationJob) throws(VerifierError) {
        let schedule: FlowSchedule
        do throws(DiffusionError) {
            schedule = try FlowSchedule(stepCount: job.stepCount, shift: job.scheduleShift)
        } catch {
            throw VerifierError(.invalidJob, error.description)
        }
        guard (0...job.stepCount).contains(job.handoffStep) else {
            throw VerifierError(.invalidJob, "hand-off step \(job.handoffStep) is not in 0…\(job.stepCount)")
        }
        self.init(schedule: schedule, tailStep: job.handoffStep, seed: job.seed, shape: job.latentShape)
    }

    public var stepCount: Int { schedule.stepCount }

    /// How far each element of a drafted picture may be off on average (RMS) to add `distance` to ‖Δ‖ of step n.
    ///
    /// A rounding error is nearly orthogonal to the draft's own, so distances add in squares: beside a draft at 0.6 (76 %
    /// accepted) a quarter costs two points of acceptance, and a bit an element less than 0.12 would.
    public func pictureTolerance(ofStep n: Int, distance: Double = 0.25) -> Double {
        let kernel = kernels[n]
        return distance * kernel.sigma / (kernel.pictureShare * Double(randomness.shape.elementCount).squareRoot())
    }
}
