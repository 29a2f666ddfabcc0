import Diffusion
import ExactWindows
import Foundation
import Pictures
import Speculation

extension PictureMaker {
    /// How often a chain that the verifier has forgotten is begun anew.
    private static let restarts = 2

    /// Makes a picture in mode `exact`.
    ///
    /// Nothing but the job is kept for `resume`: the chain follows from its seed, so a chain that was cut off is begun
    /// anew and gives the same picture.
    func makeExact(
        _ request: GenerationRequest, id: JobID, outputPath: String, report: @escaping Report
    ) async throws -> FinishedPicture {
        var options = request.exact ?? ExactOptions()
        let asked = options.placement
        // A job says where it runs; the edge is the placement that needs no more of the verifier than any job.
        options.placement = asked == .auto ? .verifier : asked
        if options.placement == .edge { options.draft = .model }
        var (job, unknownWords) = try painter.exactJob(request, id: id, options: options)
        if asked == .auto, options.draft == .model {
            options.placement = try await cheaperPlacement(for: job)
            job.exact = options
        }
        try journal.keep(
            UnfinishedPicture(job: job, outputPath: outputPath, verifier: verifier, createdAt: Date()))
        guard job.exact?.placement == .edge else {
            return try await verify(job, edgeSeconds: 0, unknownWords: unknownWords, report: report)
        }
        return try await runEdgeChain(job, unknownWords: unknownWords, report: report)
    }

    /// Drafts here and has every window judged by the verifier.
    ///
    /// - Throws: as `make`.
    func runEdgeChain(
        _ job: VerificationJob, unknownWords: [String], report: @escaping Report
    ) async throws -> FinishedPicture {
        do {
            var attempt = 0
            while true {
                do {
                    return try await exchangeWindows(
                        job, chain: try chainName(of: job.id, attempt: attempt), unknownWords: unknownWords,
                        report: report)
                } catch TransportError.refused(let error)
                    where (error.code == .unknownJob || error.code == .conflictingJob)
                    && attempt < PictureMaker.restarts
                {
                    attempt += 1
                }
            }
        } catch let error as CancellationError {
            throw error
        } catch {
            throw UnverifiedError(job: job.id, file: journal.file(for: job.id), cause: error)
        }
    }

    private func exchangeWindows(
        _ job: VerificationJob, chain name: JobID, unknownWords: [String], report: @escaping Report
    ) async throws -> FinishedPicture {
        let options = job.exact ?? ExactOptions()
        var chain = EdgeChain(
            plan: try ExactPlan(job: job), window: options.window, correction: options.correction)
        var (edgeSeconds, verifierSeconds) = (0.0, 0.0)
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
                try await transport.verify(sent) { report(.verifier($0)) }
            }
            verifierSeconds += verifying
            if let verdict = outcome.verdict {
                try chain.follow(verdict)
                continue
            }
            return FinishedPicture(
                picture: try PNG.decode(outcome.payload).picture, job: job,
                report: MakingReport(
                    job: job, origin: job.handoffStep == 0 ? .verifierOnly : .hybrid, edgeSeconds: edgeSeconds,
                    verifierSeconds: verifierSeconds, verification: outcome.telemetry, unknownWords: unknownWords))
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

    /// Where drafts of the network are expected to be done first, from one question to the verifier and one draft step.
    ///
    /// The verifier's machine counts as being as fast as this one, with a verifier ten times the draft, until there is
    /// something better to go by: more would be guessed.
    private func cheaperPlacement(for job: VerificationJob) async throws -> ExactPlacement {
        guard verifier != nil else { return .verifier }
        let (_, roundTrip) = try await timed { try await transport.availability() }
        let step = try await onOwnThread(named: "draft speed") { [painter] _ in try painter.secondsPerStep(job) }
        let cost = ExactPlacementCost(
            edgeDraftStep: step, verifierDraftStep: step, roundTrip: roundTrip, verifierBatch: 10 * step,
            verifierRow: 10 * step)
        return cost.choice(steps: job.handoffStep, length: 4, acceptance: 2.0 / 3)
    }
}
