import Diffusion
import ExactWindows
import Foundation
import Models
import Pictures
import Speculation

extension PictureMaker {
    /// How often a chain that the verifier has forgotten is begun anew.
    private static let restarts = 2

    /// Begins a picture in mode `exact`.
    ///
    /// Nothing but the job is kept for `resume`: the chain follows from its seed, so a chain that was cut off is begun
    /// anew and gives the same picture.
    func beginExact(_ request: GenerationRequest, id: JobID, outputPath: String) throws -> BegunPicture {
        var options = request.exact ?? ExactOptions()
        // A job says where it runs; what `SplitPlanner.planExact` has not chosen is one round trip in all.
        if options.placement == .auto { options.placement = .verifier }
        if options.placement == .edge { options.draft = .model }
        let (job, unknownWords) = try painter.exactJob(request, id: id, options: options)
        let file = try journal.keep(
            UnfinishedPicture(job: job, outputPath: outputPath, verifier: verifier, createdAt: Date()))
        return BegunPicture(job, edgeSeconds: 0, unknownWords: unknownWords, file: file)
    }

    /// Drafts here and has every window judged by the verifier.
    ///
    /// - Throws: as `finish`.
    func runEdgeChain(_ begun: BegunPicture, report: @escaping Report) async throws -> FinishedPicture {
        do {
            var attempt = 0
            while true {
                do {
                    return try await exchangeWindows(
                        begun, chain: try chainName(of: begun.job.id, attempt: attempt), report: report)
                } catch TransportError.refused(let error)
                    where (error.code == .unknownJob || error.code == .conflictingJob)
                    && attempt < PictureMaker.restarts
                {
                    attempt += 1
                }
            }
        } catch {
            throw unverified(begun, cause: error)
        }
    }

    private func exchangeWindows(
        _ begun: BegunPicture, chain name: JobID, report: @escaping Report
    ) async throws -> FinishedPicture {
        let job = begun.job
        let options = job.exact ?? ExactOptions()
        var chain = EdgeChain(
            plan: try ExactPlan(job: job), window: options.window, correction: options.correction)
        var (edgeSeconds, verifierSeconds) = (0.0, 0.0)
        let queue = QueueClock()
        for index in 0...WindowExchange.indexLimit {
            let (drafted, drafting) = try await timed {
                try await onOwnThread(named: "draft") { [painter, chain] flag in
                    try painter.draftWindow(of: chain, job, cancellation: flag)
                }
            }
            chain = drafted.chain
            edgeSeconds += drafting
            var window = job
            window.id = try chainName(of: name, window: index)
            window.exact?.exchange = WindowExchange(
                chain: name, index: index, firstStep: chain.nextStep, codedPictures: drafted.frames)
            let sent = window
            let (outcome, verifying) = try await timed {
                try await transport.verify(sent) { event in
                    queue.note(event)
                    report(.verifier(event))
                }
            }
            verifierSeconds += verifying
            if let verdict = outcome.verdict {
                try chain.follow(verdict)
                continue
            }
            return try FinishedPicture(
                sent: outcome.payload, size: painter.models.draft.pictureSize(of: job.latentShape), job: job,
                report: MakingReport(
                    job: job, origin: job.handoffStep == 0 ? .verifierOnly : .hybrid, edgeSeconds: edgeSeconds,
                    verifierSeconds: verifierSeconds, queuedSeconds: queue.seconds,
                    resultBytes: outcome.payload.count, verification: outcome.telemetry,
                    unknownWords: begun.unknownWords),
                handoff: begun.file)
        }
        throw VerifierError(.internalFailure, "the chain did not end after \(WindowExchange.indexLimit) windows")
    }

    private func chainName(of id: JobID, attempt: Int) throws(VerifierError) -> JobID {
        attempt == 0 ? id : try chainName(of: id, suffix: "r\(attempt)")
    }

    private func chainName(of id: JobID, window: Int) throws(VerifierError) -> JobID {
        try chainName(of: id, suffix: "\(window)")
    }

    private func chainName(of id: JobID, suffix: String) throws(VerifierError) -> JobID {
        guard let name = JobID("\(id.text)-\(suffix)") else {
            throw VerifierError(
                .invalidJob, "the job id \(id) leaves no room to number its windows; take a shorter one")
        }
        return name
    }
}
