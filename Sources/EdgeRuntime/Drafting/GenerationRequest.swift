public import Pictures
public import Speculation

/// What a person asks for: one picture.
public struct GenerationRequest: Hashable, Sendable {
    public var prompt: String
    /// Pixels.
    public var width: Int
    public var height: Int
    /// N of the draft's schedule.
    public var stepCount: Int
    /// N of the verifier's own schedule; nil takes the draft's, as mode `exact` always does, which has one chain.
    public var verifierStepCount: Int?
    /// The share of the steps that the draft takes: 0 is the verifier alone, 1 the draft alone.
    public var handoffFraction: Double
    public var seed: UInt64
    /// Classifier-free guidance scale w; 1 is no guidance.
    public var guidanceScale: Float
    public var mode: SpeculationMode
    /// Replaces the verifier's calibrated check when it is not nil.
    public var checkThreshold: Float?
    /// Replaces the shift of the models' own schedule when it is not nil.
    public var scheduleShift: Double?
    /// For mode `exact`; the placement may be `auto`.
    public var exact: ExactOptions?
    /// The share of planted faults that the check shall catch; nil is the verifier's own.
    public var checkQuantile: Double?
    /// The share of the verifier's own pictures that its critic may find unlike them; nil is the verifier's own.
    public var checkLikeness: Double?
    /// Times of the levels at which a draft may be taken up again; nil are the verifier's own.
    public var checkLevels: [Double]?
    /// Drafts to make, each from a seed of its own (`seed(ofCandidate:)`); the one that the critic doubts least goes on.
    public var candidateCount = 1
    /// What the verifier sends. PNG and WebP without a quality keep every pixel.
    public var format = PictureFormat.png

    public init(
        prompt: String, width: Int, height: Int, stepCount: Int, verifierStepCount: Int? = nil,
        handoffFraction: Double, seed: UInt64, guidanceScale: Float, mode: SpeculationMode,
        checkThreshold: Float? = nil,
        scheduleShift: Double? = nil, exact: ExactOptions? = nil
    ) {
        self.prompt = prompt
        self.width = width
        self.height = height
        self.stepCount = stepCount
        self.verifierStepCount = verifierStepCount
        self.handoffFraction = handoffFraction
        self.seed = seed
        self.guidanceScale = guidanceScale
        self.mode = mode
        self.checkThreshold = checkThreshold
        self.scheduleShift = scheduleShift
        self.exact = exact
    }

    /// The seed of a candidate: the request's own for the first, and far from those of its neighbours for the others, so that
    /// pictures of seeds in a row have no candidate in common.
    public func seed(ofCandidate number: Int) -> UInt64 { seed &+ UInt64(number) << 32 }
}
