import Diffusion
import ExactWindows
import LatentCoding
import Models
import Speculation

extension PictureVerifier {
    /// Finishes a job in mode `exact`, or takes its chain one window further.
    ///
    /// - Throws: `VerifierError`, or what the models throw.
    func executeExact(
        _ job: VerificationJob, admission: ContinuousClock.Instant, report: (VerificationEvent) throws -> Void
    ) throws -> VerificationOutcome {
        guard let exact = job.exact else { throw VerifierError(.invalidJob, "the job lacks its exact options") }
        switch exact.placement {
        case .verifier, .auto: return try runChain(job, exact, report: report)
        case .edge:
            guard let exchange = exact.exchange else {
                throw VerifierError(
                    .invalidJob,
                    "the job says that the edge drafts but brings no window; send one or placement verifier")
            }
            return try takeWindow(exchange, of: job, exact, admission: admission, report: report)
        }
    }

    /// The verifier drafts for itself.
    private func runChain(
        _ job: VerificationJob, _ exact: ExactOptions, report: (VerificationEvent) throws -> Void
    ) throws -> VerificationOutcome {
        let sampler = ExactSampler(
            plan: try ExactPlan(job: job), window: exact.window, draft: exact.draft, correction: exact.correction)
        return try studio.withLock { studio in
            var stages = StageClock()
            let prompt = try stages.time("text") { try studio.text.encode(job.prompt).conditioning }
            var verifying = try studio.verifying(prompt, job)
            var drafting = PromptedDenoiser(
                studio.draft, prompt: prompt, unconditional: try studio.text.unconditional(),
                guidance: Double(job.guidanceScale))
            let preparation = { studio.denoiser.preparation + studio.draft.preparation }
            let (latent, telemetry) = try stages.time("chain", preparation: preparation) {
                try sampler.run(drafting: &drafting, verifying: &verifying, report: report)
            }
            return try studio.outcome(of: latent, job, telemetry, &stages, report: report)
        }
    }

    /// The edge drafted a window.
    private func takeWindow(
        _ exchange: WindowExchange, of job: VerificationJob, _ exact: ExactOptions, admission: ContinuousClock.Instant,
        report: (VerificationEvent) throws -> Void
    ) throws -> VerificationOutcome {
        try studio.withLock { studio in
            let sessions = studio.sessions
            sessions.forgetIdle(at: admission)
            var stages = StageClock()
            var session: ExactSessions.Session
            let isNew = exchange.index == 0 && !sessions.has(exchange.chain)
            if isNew {
                session = ExactSessions.Session(
                    job: job, chain: VerifierChain(plan: try ExactPlan(job: job), correction: exact.correction),
                    lastUse: .now)
            } else {
                session = try sessions.session(for: exchange, of: job)
            }
            if let answered = session.answered, answered.exchange == exchange { return answered.outcome }
            guard exchange.index == session.nextIndex else {
                throw VerifierError(
                    .unknownJob,
                    "window \(exchange.index) of chain \(exchange.chain) is over or to come (next: \(session.nextIndex)); "
                        + "begin the chain anew from its seed")
            }
            // First of all, so that a damaged window costs nobody anything; then room, before any work.
            let window = try session.chain.window(exchange)
            if isNew { try sessions.keep(session, as: exchange.chain) }
            let outcome: VerificationOutcome
            do {
                outcome = try advance(
                    &session, by: window, ofBytes: exchange.byteCount, job, studio, &stages, report: report)
            } catch {
                // A chain that never began keeps no place from the others.
                if isNew { sessions.forget(exchange.chain) }
                throw error
            }
            session.nextIndex += 1
            session.answered = (exchange, outcome)
            session.lastUse = .now
            try sessions.keep(session, as: exchange.chain)
            return outcome
        }
    }

    private func advance(
        _ session: inout ExactSessions.Session, by window: DraftedWindow, ofBytes byteCount: Int,
        _ job: VerificationJob, _ studio: Studio, _ stages: inout StageClock,
        report: (VerificationEvent) throws -> Void
    ) throws -> VerificationOutcome {
        var chain = session.chain
        let prompt =
            try session.prompt ?? stages.time("text") { try studio.text.encode(job.prompt).conditioning }
        session.prompt = prompt
        var verifying = try studio.verifying(prompt, job)
        if window.count > 0 {
            let verdict = try stages.time("window", preparation: { studio.denoiser.preparation }) {
                try chain.settle(
                    window, velocities: verifying.checkedVelocities(window.statesToVerify, at: window.timesToVerify),
                    receivedBytes: byteCount)
            }
            try report(
                .speculated(
                    step: chain.chain.step, stepCount: job.stepCount, accepted: chain.telemetry.acceptedSteps))
            if let verdict {
                session.chain = chain
                return VerificationOutcome(
                    payload: [], result: job.result,
                    telemetry: chain.telemetry.verification(of: job, stages: stages.times), verdict: verdict)
            }
        }
        // From here on nothing of the chain is kept until it is done: a job that is stopped takes the window again.
        let latent = try stages.time("refine", preparation: { studio.denoiser.preparation }) {
            try chain.finish(with: &verifying, report: report)
        }
        let outcome = try studio.outcome(of: latent, job, chain.telemetry, &stages, report: report)
        session.chain = chain
        return outcome
    }
}

extension PictureVerifier.Studio {
    fileprivate func verifying(_ prompt: Conditioning, _ job: VerificationJob) throws -> PaddedDenoiser {
        PaddedDenoiser(
            base: PromptedDenoiser(
                denoiser, prompt: prompt, unconditional: try text.unconditional(),
                guidance: Double(job.guidanceScale)))
    }

    fileprivate func outcome(
        of latent: Latent, _ job: VerificationJob, _ telemetry: ExactTelemetry, _ stages: inout StageClock,
        report: (VerificationEvent) throws -> Void
    ) throws -> VerificationOutcome {
        let result = try result(latent, for: job, &stages) { try report(.decoding) }
        let payload = try stages.time("encode") { try result.payload() }
        return VerificationOutcome(
            payload: payload, result: job.result,
            telemetry: telemetry.verification(of: job, stages: stages.times))
    }
}

extension ExactTelemetry {
    fileprivate func verification(of job: VerificationJob, stages: [StageTime]) -> VerificationTelemetry {
        VerificationTelemetry(
            levels: [], reentryStep: 0, verifierEvaluations: verifierEvaluations,
            verifierOnlyEvaluations: job.stepCount, stages: stages, receivedBytes: sentBytes, exact: self)
    }
}
