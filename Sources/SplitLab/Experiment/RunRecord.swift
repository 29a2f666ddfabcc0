import Foundation
public import Models
import Pictures
public import Speculation

/// One finished run: one line of an experiment's `runs.jsonl`.
///
/// The names of the members are the file's schema, version 1. Seconds and bytes throughout.
public struct RunRecord: Hashable, Sendable, Codable {
    /// The version of this layout; fields may be added within it.
    public static let schema = 1

    public var schema = RunRecord.schema
    /// What the run is, for resuming.
    public var key: String
    /// Seconds since 1970 when it began.
    public var startedAt: Double
    public var network: NetworkProfile
    public var edge: EdgeProfile
    public var order: StepOrder
    public var mode: SpeculationMode
    /// N of the draft's schedule.
    public var stepCount: Int
    /// N of the verifier's; nil in the first records, where both were one.
    public var verifierStepCount: Int?
    /// `FlowWalk.method`; nil in the first records, which are Euler's.
    public var sampler: String?
    /// The schedules' shift; nil is the models' own.
    public var shift: Double?
    /// Whether the cost model chose the split.
    public var isAuto: Bool
    /// Steps that the draft took, 0…`stepCount`.
    public var draftSteps: Int
    public var prompt: String
    public var seed: UInt64
    public var repetition: Int
    public var seconds: Seconds
    public var bytes: Bytes
    /// Evaluations by the verifier network; 0 without a verifier.
    public var verifierEvaluations: Int
    /// The step that the verifier re-entered at; nil without a draft or a verifier.
    public var reentryStep: Int?
    /// Root of the mean squared difference of the pixels, 0…1, to the verifier's own picture of the same prompt, seed
    /// and schedule.
    public var loss: Double
    /// The picture's file in the folder `pictures`.
    public var picture: String
    public var plan: PlanSummary?
    public var models: Models

    /// Where the time went.
    public struct Seconds: Hashable, Sendable, Codable {
        /// From the request to the picture.
        public var total: Double
        /// Drafting, coding and decoding on the edge.
        public var edge: Double
        /// The verifier's stages by name, as it measured them.
        public var stages: [String: Double]
        /// Waiting for a turn at the verifier.
        public var queue: Double
        /// What is left of the time between sending the job and having its result: the network, and the server's
        /// handling of the request.
        public var network: Double
        /// Choosing the split, not part of `total`.
        public var plan: Double
        /// Processor time of the edge's process.
        public var edgeProcessor: Double

        public init(
            total: Double, edge: Double, stages: [String: Double], queue: Double, network: Double, plan: Double,
            edgeProcessor: Double
        ) {
            self.total = total
            self.edge = edge
            self.stages = stages
            self.queue = queue
            self.network = network
            self.plan = plan
            self.edgeProcessor = edgeProcessor
        }

        /// What the verifier computed.
        public var verifier: Double { stages.values.reduce(0, +) }
    }

    /// What travelled.
    public struct Bytes: Hashable, Sendable, Codable {
        /// The coded latent, in whichever direction.
        public var latent: Int
        /// The same latent at two bytes an element.
        public var rawLatent: Int
        /// Payload of the result.
        public var result: Int
        /// All that the relay passed, HTTP included.
        public var uploaded: Int
        public var downloaded: Int

        public init(latent: Int, rawLatent: Int, result: Int, uploaded: Int, downloaded: Int) {
            self.latent = latent
            self.rawLatent = rawLatent
            self.result = result
            self.uploaded = uploaded
            self.downloaded = downloaded
        }
    }

    /// The pair, each as `id digest`, and the digest of the critic that the check asks, if it asks one.
    public struct Models: Hashable, Sendable, Codable {
        public var draft: String
        public var verifier: String
        public var critic: String?

        public init(draft: String, verifier: String, critic: String? = nil) {
            self.draft = draft
            self.verifier = verifier
            self.critic = critic
        }

        public init(_ pair: ModelPair) {
            draft = "\(pair.draft.id) \(pair.draft.weightsDigest.prefix(12))"
            verifier = "\(pair.verifier.id) \(pair.verifier.weightsDigest.prefix(12))"
            critic = pair.verifier.calibration?.critic.map { String($0.prefix(12)) }
        }
    }

    /// N of both schedules.
    public var stepCounts: StepCounts { StepCounts(draft: stepCount, verifier: verifierStepCount) }

    /// The draft's share of the steps.
    public var split: Double { Double(draftSteps) / Double(max(stepCount, 1)) }

    /// Decibels to the verifier's own picture, at most 60: above that nobody sees a difference.
    public var decibels: Double { Picture.decibels(of: loss, atMost: 60) }
}
