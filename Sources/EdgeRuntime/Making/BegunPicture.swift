public import Speculation

/// A picture whose part on the edge is done.
public struct BegunPicture: Sendable {
    public let job: VerificationJob
    /// Text encoding, drafting and coding.
    let edgeSeconds: Double
    let preparationSeconds: Double
    let unknownWords: [String]
    /// Drafts of which this is the best.
    let candidateCount: Int
    /// Where it is kept until it is finished; nil where nothing is.
    let file: HandoffFile?
    /// Where the draft took all steps; nothing is kept for `resume` then.
    public let finished: FinishedPicture?

    /// A picture that the verifier finishes.
    init(
        _ job: VerificationJob, edgeSeconds: Double, preparationSeconds: Double = 0, unknownWords: [String],
        candidateCount: Int = 1, file: HandoffFile?
    ) {
        self.job = job
        self.edgeSeconds = edgeSeconds
        self.preparationSeconds = preparationSeconds
        self.unknownWords = unknownWords
        self.candidateCount = candidateCount
        self.file = file
        finished = nil
    }

    /// The draft's own picture.
    init(finished: FinishedPicture) {
        job = finished.job
        edgeSeconds = finished.report.edgeSeconds
        preparationSeconds = finished.report.edgePreparationSeconds
        unknownWords = finished.report.unknownWords
        candidateCount = finished.report.candidateCount
        file = nil
        self.finished = finished
    }
}
