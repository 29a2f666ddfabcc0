import Diffusion
import Foundation
import Models
import Pictures
public import Speculation

/// The whole way of a picture as the edge sees it: draft, keep, verify.
public struct PictureMaker: Sendable {
    let painter: DraftPainter
    let transport: any VerifierTransport
    let journal: HandoffJournal
    /// The verifier's address for the journal, nil for the embedded one.
    let verifier: String?

    public typealias Report = @Sendable (MakingEvent) -> Void

    public init(
        painter: DraftPainter, transport: any VerifierTransport, journal: HandoffJournal, verifier: String?
    ) {
        self.painter = painter
        self.transport = transport
        self.journal = journal
        self.verifier = verifier
    }

    /// Drafts and verifies one picture: `begin`, then `finish`.
    ///
    /// - Throws: as both.
    public func make(
        _ request: GenerationRequest, id: JobID, outputPath: String, previewInterval: Int? = nil,
        report: @escaping Report
    ) async throws -> FinishedPicture {
        try await finish(
            begin(request, id: id, outputPath: outputPath, previewInterval: previewInterval, report: report),
            report: report)
    }

    /// Does the edge's part of a picture; the next one may be begun while the verifier works on it.
    ///
    /// Its hand-off file stays until the caller has the picture safe and says so with `settle`; while the picture is
    /// worked on, nobody else can take it.
    ///
    /// - Parameters:
    ///   - outputPath: where the caller will write the picture; kept for `resume`.
    ///   - previewInterval: draft steps from one preview to the next, and the last one shows all; nil for none.
    /// - Throws: `CancellationError`, `JournalError`, or what the models throw.
    public func begin(
        _ request: GenerationRequest, id: JobID, outputPath: String, previewInterval: Int? = nil,
        report: @escaping Report
    ) async throws -> BegunPicture {
        if request.mode == .exact { return try beginExact(request, id: id, outputPath: outputPath) }
        // A draft that takes all steps leaves nothing to keep.
        if request.handoffFraction < 1 { try journal.checkWritable() }
        let (drafted, edgeSeconds) = try await timed {
            try await onOwnThread(named: "draft") { [painter] flag in
                var isLastStepSeen = false
                let drafted = try painter.draft(request, id: id) { step in
                    try flag.check()
                    report(.drafted(done: step.done, total: step.total))
                    isLastStepSeen = false
                    if let previewInterval, step.done % previewInterval == 0 {
                        report(.preview(try painter.picture(of: step.estimate)))
                        isLastStepSeen = true
                    }
                }
                // What was seen last may be an earlier step, or another candidate.
                let isSeen = isLastStepSeen && drafted.job.seed == request.seed(ofCandidate: request.candidateCount - 1)
                if previewInterval != nil, !isSeen, drafted.job.handoffStep > 0 {
                    report(.preview(try painter.picture(of: drafted.estimate)))
                }
                return drafted
            }
        }
        guard drafted.job.handoffStep < drafted.job.stepCount else {
            return BegunPicture(
                finished: try await decodeDraft(
                    drafted, candidateCount: request.candidateCount, edgeSeconds: edgeSeconds))
        }
        let file = try journal.keep(
            UnfinishedPicture(
                job: drafted.job, outputPath: outputPath, verifier: verifier, createdAt: Date()))
        report(.handedOff(drafted, seconds: edgeSeconds))
        return BegunPicture(
            drafted.job, edgeSeconds: edgeSeconds, preparationSeconds: drafted.preparationSeconds,
            unknownWords: drafted.unknownWords,
            candidateCount: request.candidateCount, file: file)
    }

    /// Has the verifier finish a picture.
    ///
    /// - Throws: `UnverifiedError` when the verifier is not to be had or refuses, or when the task is cancelled: the hand-off
    ///   file stays.
    public func finish(_ begun: BegunPicture, report: @escaping Report) async throws -> FinishedPicture {
        if let finished = begun.finished { return finished }
        if begun.job.exact?.placement == .edge {
            return try await runEdgeChain(begun, report: report)
        }
        return try await verify(begun, report: report)
    }

    /// Sends a job from the journal to the verifier.
    ///
    /// - Throws: as `finish`.
    public func resume(_ unfinished: UnfinishedPicture, report: @escaping Report) async throws -> FinishedPicture {
        let tokens = painter.models.shared.tokenizer.encode(unfinished.job.prompt)
        return try await finish(
            BegunPicture(
                unfinished.job, edgeSeconds: 0, unknownWords: tokens.unknownWords, file: unfinished.file),
            report: report)
    }

    /// Finishes a job from the journal with the draft alone.
    ///
    /// - Throws: `CancellationError`, or what the models throw.
    public func resumeOffline(
        _ unfinished: UnfinishedPicture, report: @escaping Report
    ) async throws -> FinishedPicture {
        let (drafted, edgeSeconds) = try await timed {
            try await onOwnThread(named: "draft") { [painter] flag in
                try painter.finish(unfinished.job) { step in
                    try flag.check()
                    report(.drafted(done: step.done, total: step.total))
                }
            }
        }
        return try await decodeDraft(drafted, edgeSeconds: edgeSeconds, handoff: unfinished.file)
    }

    /// Forgets the hand-off file of a picture that is safe on disk.
    ///
    /// - Throws: `JournalError` with `notWritable`; the picture is none the worse for it.
    public func settle(_ finished: FinishedPicture) throws(JournalError) {
        try finished.handoff?.remove()
    }

    /// A picture that stays unfinished, and where it is kept.
    func unverified(_ begun: BegunPicture, cause: any Error) -> UnverifiedError {
        UnverifiedError(
            job: begun.job.id, file: begun.file?.url ?? journal.file(for: begun.job.id), cause: cause)
    }

    private func verify(_ begun: BegunPicture, report: @escaping Report) async throws -> FinishedPicture {
        let job = begun.job
        do {
            let queue = QueueClock()
            let (outcome, verifierSeconds) = try await timed {
                try await transport.verify(job) { event in
                    queue.note(event)
                    report(.verifier(event))
                }
            }
            return try FinishedPicture(
                sent: outcome.payload, size: painter.models.draft.pictureSize(of: job.latentShape), job: job,
                report: MakingReport(
                    job: job, origin: job.handoffStep == 0 ? .verifierOnly : .hybrid,
                    candidateCount: begun.candidateCount, edgeSeconds: begun.edgeSeconds,
                    edgePreparationSeconds: begun.preparationSeconds,
                    verifierSeconds: verifierSeconds, queuedSeconds: queue.seconds,
                    resultBytes: outcome.payload.count, verification: outcome.telemetry,
                    unknownWords: begun.unknownWords),
                handoff: begun.file)
        } catch {
            throw unverified(begun, cause: error)
        }
    }

    private func decodeDraft(
        _ drafted: DraftedPicture, candidateCount: Int = 1, edgeSeconds: Double, handoff: HandoffFile? = nil
    ) async throws -> FinishedPicture {
        let (picture, decodeSeconds) = try await timed {
            try await onOwnThread(named: "decode") { [painter] _ in try painter.picture(of: drafted.estimate) }
        }
        return FinishedPicture(
            picture: picture, job: drafted.job,
            report: MakingReport(
                job: drafted.job, origin: .draftOnly, candidateCount: candidateCount,
                edgeSeconds: edgeSeconds + decodeSeconds, edgePreparationSeconds: drafted.preparationSeconds,
                verifierSeconds: 0, verification: nil,
                unknownWords: drafted.unknownWords),
            handoff: handoff)
    }

    func timed<Value>(_ work: () async throws -> Value) async rethrows -> (Value, seconds: Double) {
        let start = ContinuousClock.now
        let value = try await work()
        return (value, (ContinuousClock.now - start).inSeconds)
    }
}
