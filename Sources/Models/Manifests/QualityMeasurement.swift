/// What a pair loses, and what its verifier is asked, when the draft takes a share of the steps: Q(f) of
/// ALGORITHMS.md §6, measured by `underpaint lab split --preset quality --write-quality`.
public struct QualityMeasurement: Hashable, Sendable, Codable {
    /// What a loss is, by name.
    public let statistic: String
    /// N of the draft's schedule in what was measured.
    public let stepCount: Int
    /// N of the verifier's schedule; nil, as in the first manifests, where both were one.
    public let verifierStepCount: Int?
    /// Pictures for each share and mode.
    public let samples: Int
    /// The draft that the curve was measured with.
    public let draft: String
    /// SHA-256 of that draft's weights; for another one the curve says nothing.
    public let draftDigest: String
    /// SHA-256 of the critic that the check asked; nil where it asked the verifier. With another one it costs another number of
    /// evaluations, so the curve of mode `handoff` says nothing of it.
    public let critic: String?
    /// By the mode's name, for example `handoff`.
    public let modes: [String: Curve]

    /// Three lists of equal length.
    public struct Curve: Hashable, Sendable, Codable {
        /// f, rising within 0…1.
        public let fractions: [Double]
        /// Mean loss at each, at least 0.
        public let losses: [Double]
        /// Mean verifier evaluations at each, as a share of those of the verifier alone.
        public let evaluationShares: [Double]

        public init(fractions: [Double], losses: [Double], evaluationShares: [Double]) {
            self.fractions = fractions
            self.losses = losses
            self.evaluationShares = evaluationShares
        }

        var fault: String? {
            guard !fractions.isEmpty, fractions.count == losses.count, fractions.count == evaluationShares.count else {
                return "there is not one loss and one share of evaluations for each fraction"
            }
            guard fractions.allSatisfy({ (0...1).contains($0) }),
                zip(fractions, fractions.dropFirst()).allSatisfy({ $0 < $1 })
            else { return "fractions do not rise within 0 and 1" }
            return (losses + evaluationShares).allSatisfy { $0 >= 0 && $0.isFinite }
                ? nil : "a loss or share is negative"
        }
    }

    public init(
        statistic: String, stepCount: Int, verifierStepCount: Int? = nil, samples: Int, draft: String,
        draftDigest: String, critic: String? = nil, modes: [String: Curve]
    ) {
        self.statistic = statistic
        self.stepCount = stepCount
        self.verifierStepCount = verifierStepCount
        self.samples = samples
        self.draft = draft
        self.draftDigest = draftDigest
        self.critic = critic
        self.modes = modes
    }

    /// Root of the mean squared difference of the pixels, 0…1, to the verifier's own picture from the same seed.
    public static let pictureDistance = "pictureDistance"

    /// Whether this build knows what the losses mean.
    public var isUnderstood: Bool { statistic == Self.pictureDistance }

    var fault: String? {
        guard stepCount > 0, verifierStepCount ?? 1 > 0, samples > 0 else {
            return "stepCount, verifierStepCount and samples are not positive"
        }
        for (mode, curve) in modes.sorted(by: { $0.key < $1.key }) {
            if let fault = curve.fault { return "modes.\(mode): \(fault)" }
        }
        return nil
    }
}
