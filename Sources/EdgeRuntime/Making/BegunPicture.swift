public import Speculation

/// A picture whose part on the edge is done.
public struct BegunPicture: Sendable {
    public let job: VerificationJob
    /// Text encoding, drafting and coding.
    let edgeSeconds: Double
    let unknownWords: [String]
    /// Where the draft took all steps; nothing is kept for `resume` then.
    public let finished: FinishedPicture?

    /// A picture that the verifier finishes.
    init(_ job: VerificationJob, edgeSeconds: Double, unknownWords: [String]) {
        self.job = job
        self.edgeSeconds = edgeSeconds
        self.unknownWords = unknownWords
        finished = nil
    }

    /// The draft's own picture.
    init(finished: FinishedPicture) {
        job = finished.job
        edgeSeconds = finished.report.edgeSeconds
        unknownWords = finished.report.unknownWords
        self.finished = finished
    }
}
