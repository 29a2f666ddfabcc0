public import Diffusion

/// A job's name, chosen by the client so that sending a job twice is harmless.
public struct JobID: Hashable, Sendable, Codable, CustomStringConvertible {
    public let text: String

    /// Makes an id from 1…64 letters, digits, `-` or `_`; nil for anything else.
    public init?(_ text: String) {
        let isAllowed = { (byte: UInt8) in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || byte == 0x2D || byte == 0x5F
        }
        guard (1...64).contains(text.utf8.count), text.utf8.allSatisfy(isAllowed) else { return nil }
        self.text = text
    }

    public var description: String { text }
}

/// A model by name and by content.
public struct ModelIdentity: Hashable, Sendable, Codable {
    /// The manifest's `id`, for example `studio-verifier`.
    public let id: String
    /// SHA-256 of the model's weights file, lower-case hexadecimal.
    public let weightsDigest: String

    public init(id: String, weightsDigest: String) {
        self.id = id
        self.weightsDigest = weightsDigest
    }
}

/// Which generator both sides make their noise with.
public enum NoiseKind: String, Hashable, Sendable, Codable, CaseIterable {
    /// Philox4x32-10 with the fixed normal recipe of ALGORITHMS.md §2.
    case philox
}

/// What the client wants back.
public enum ResultKind: String, Hashable, Sendable, Codable, CaseIterable {
    /// The decoded picture as PNG.
    case png
    /// The decoded picture as WebP, which loses what the job's `pictureQuality` allows.
    case webp
    /// The final latent, one coded frame; the client decodes it with its own VAE.
    case latent
}

/// All that the verifier must know to finish a picture that a draft began.
public struct VerificationJob: Hashable, Sendable {
    public var id: JobID
    /// The draft that made `codedEstimate`.
    public var draft: ModelIdentity
    /// The verifier that the draft was distilled for and that the client asks for.
    public var verifier: ModelIdentity
    public var prompt: String
    /// Classifier-free guidance scale w; 1 is no guidance.
    public var guidanceScale: Float
    /// Shape of the latent, not of the picture.
    public var latentShape: LatentShape
    /// N of the draft's schedule.
    public var stepCount: Int
    /// N of the verifier's own schedule, whose steps it tells of.
    ///
    /// A verifier whose way to the picture is nearly straight needs fewer steps than a draft that has to find it.
    public var verifierStepCount: Int
    /// The shift s of both schedules (ALGORITHMS.md §1).
    public var scheduleShift: Double
    /// n: how many steps the draft has taken; the state that travels is at t_n of the draft's schedule.
    public var handoffStep: Int
    public var seed: UInt64
    public var noise: NoiseKind
    public var mode: SpeculationMode
    /// The largest estimate distance that passes, instead of the verifier's calibrated check; nil keeps that.
    public var checkThreshold: Float?
    /// The share of planted faults that the check shall catch; nil is the verifier's own. Higher is stricter.
    public var checkQuantile: Double?
    /// The share of the verifier's own pictures that its critic may find unlike them; 0 does not ask it, nil is the verifier's own.
    /// Higher is stricter.
    public var checkLikeness: Double?
    /// Times of the levels above the hand-off at which a draft may be taken up again; nil are the verifier's own.
    public var checkLevels: [Double]?
    public var result: ResultKind
    /// How good a WebP shall be, 1…100, where 100 is the best; nil keeps every pixel, which PNG always does.
    public var pictureQuality: Int?
    /// The draft's estimate s_n as one `LatentCoding` frame, with its own checksum.
    public var codedEstimate: [UInt8]
    /// The step that the verifier stops after, for experiments in which a draft takes the last steps; nil goes to the
    /// end. What comes back is then the picture in the state of that step.
    public var stopStep: Int?
    /// In mode `exact`, where `handoffStep` is the first step that the verifier takes alone.
    public var exact: ExactOptions?

    /// - Parameter verifierStepCount: nil takes the draft's.
    public init(
        id: JobID, draft: ModelIdentity, verifier: ModelIdentity, prompt: String, guidanceScale: Float,
        latentShape: LatentShape, stepCount: Int, scheduleShift: Double, handoffStep: Int, seed: UInt64,
        noise: NoiseKind, mode: SpeculationMode, checkThreshold: Float?, result: ResultKind,
        codedEstimate: [UInt8], verifierStepCount: Int? = nil, stopStep: Int? = nil, exact: ExactOptions? = nil
    ) {
        self.id = id
        self.draft = draft
        self.verifier = verifier
        self.prompt = prompt
        self.guidanceScale = guidanceScale
        self.latentShape = latentShape
        self.stepCount = stepCount
        self.verifierStepCount = verifierStepCount ?? stepCount
        self.scheduleShift = scheduleShift
        self.handoffStep = handoffStep
        self.seed = seed
        self.noise = noise
        self.mode = mode
        self.checkThreshold = checkThreshold
        self.result = result
        self.codedEstimate = codedEstimate
        self.stopStep = stopStep
        self.exact = exact
    }

    /// The step at which the verifier's work ends.
    public var lastStep: Int { stopStep ?? verifierStepCount }

    /// The step of the verifier's schedule at which a draft that passes goes on (`HandoffPlan.entryStep`): of a whole picture
    /// that is checked the last, where it is checked. The hand-off step itself for a job that no plan can be made of.
    public var entryStep: Int {
        guard let step = try? HandoffPlan(of: self).entryStep else { return handoffStep }
        return mode == .handoff ? min(step, verifierStepCount - 1) : step
    }
}
