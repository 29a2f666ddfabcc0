import Diffusion
import Foundation
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
    /// Its hand-off file stays until the caller has the picture safe and says so with `settle`.
    ///
    /// - Parameters:
    ///   - outputPath: where the caller will write the picture; kept for `resume`.
    ///   - previewInterval: draft steps from one preview to the next; nil for none.
    /// - Throws: `CancellationError`, `JournalError`, or what the models throw.
    public func begin(
        _ request: GenerationRequest, id: JobID, outputPath: String, previewInterval: Int? = nil,
        report: @escaping Report
    ) async throws -> BegunPicture {
        if request.mode == .exact { return try beginExact(request, id: id, outputPath: outputPath) }
        let (drafted, edgeSeconds) = try await timed {
            try await onOwnThread(named: "draft") { [painter] flag in
                let drafted = try painter.draft(request, id: id) { step in
                    try flag.check()
                    report(.drafted(done: step.done, total: step.total))
                    if let previewInterval, step.done % previewInterval == 0 {
                        report(.preview(try painter.picture(of: step.estimate)))
                    }
                }
                if previewInterval != nil, request.candidateCount > 1 {
                    // What was seen last was another candidate.
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
        try journal.keep(
            UnfinishedPicture(
                job: drafted.job, outputPath: outputPath, verifier: verifier, createdAt: Date()))
        report(.handedOff(drafted, seconds: edgeSeconds))
        return BegunPicture(
            drafted.job, edgeSeconds: edgeSeconds, unknownWords: drafted.unknownWords,
            candidateCount: request.candidateCount)
    }

    /// Has the verifier finish a picture.
    ///
    /// - Throws: `UnverifiedError` when the verifier is not to be had or refuses, or when the task is cancelled: the hand-off
    ///   file stays.
    public func finish(_ begun: BegunPicture, report: @escaping Report) async throws -> FinishedPicture {
        if let finished = begun.finished { return finished }
        if begun.job.exact?.placement == .edge {
            return try await runEdgeChain(begun.job, unknownWords: begun.unknownWords, report: report)
        }
        return try await verify(begun, report: report)
    }

    /// Sends a job from the journal to the verifier.
    ///
    /// - Throws: as `finish`.
    public func resume(_ unfinished: UnfinishedPicture, report: @escaping Report) async throws -> FinishedPicture {
        try await finish(BegunPicture(unfinished.job, edgeSeconds: 0, unknownWords: []), report: report)
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
        return try await decodeDraft(drafted, edgeSeconds: edgeSeconds)
    }

    /// Forgets the hand-off file of a picture that is safe on disk.
    public func settle(_ finished: FinishedPicture) {
        journal.forget(finished.job.id)
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
                sent: outcome.payload, job: job,
                report: MakingReport(
                    job: job, origin: job.handoffStep == 0 ? .verifierOnly : .hybrid,
                    candidateCount: begun.candidateCount, edgeSeconds: begun.edgeSeconds,
                    verifierSeconds: verifierSeconds, queuedSeconds: queue.seconds,
                    resultBytes: outcome.payload.count, verification: outcome.telemetry,
                    unknownWords: begun.unknownWords))
        } catch {
            throw UnverifiedError(job: job.id, file: journal.file(for: job.id), cause: error)
        }
    }

    private func decodeDraft(
        _ drafted: DraftedPicture, candidateCount: Int = 1, edgeSeconds: Double
    ) async throws -> FinishedPicture {
        let (picture, decodeSeconds) = try await timed {
            try await onOwnThread(named: "decode") { [painter] _ in try painter.picture(of: drafted.estimate) }
        }
        return FinishedPicture(
            picture: picture, job: drafted.job,
            report: MakingReport(
                job: drafted.job, origin: .draftOnly, candidateCount: candidateCount,
                edgeSeconds: edgeSeconds + decodeSeconds, verifierSeconds: 0, verification: nil,
                unknownWords: drafted.unknownWords))
    }

    func timed<Value>(_ work: () async throws -> Value) async rethrows -> (Value, seconds: Double) {
        let clock = ContinuousClock()
        let start = clock.now
        let value = try await work()
        let (seconds, attoseconds) = (clock.now - start).components
        return (value, Double(seconds) + Double(attoseconds) / 1e18)
    }
}
