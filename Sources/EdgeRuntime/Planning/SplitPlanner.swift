public import Diffusion
import Foundation
import Models
public import Speculation

/// Finds the split for a picture: measures once what the cost model must know, keeps it, and asks the model.
public struct SplitPlanner: Sendable {
    /// Whose time is planned on the other side.
    public enum Verifier: Sendable {
        /// In this process: its pace on a backend of that name is measured here, like the draft's, for every size.
        case embedded(
            backend: String, measurePace: @Sendable (LatentShape, _ check: () throws -> Void) throws -> VerifierPace)
        /// Over a network; `log` is the transport's own.
        case remote(address: String, transport: any VerifierTransport, log: TransferLog)
    }

    let painter: DraftPainter
    private let cache: PlanningCache
    let verifier: Verifier
    /// Library and threads: what besides the processor decides how fast models run here.
    private let computation: String

    /// - Parameter computation: what computes, for example `oneDNN, 2 threads`; part of the key of what is kept.
    public init(painter: DraftPainter, cache: PlanningCache, verifier: Verifier, computation: String) {
        self.painter = painter
        self.cache = cache
        self.verifier = verifier
        self.computation = computation
    }

    /// The best split for a request, whatever its own `handoffFraction` is.
    ///
    /// - Parameter measuring: called before something is measured that takes a moment.
    /// - Throws: what the models throw, `CancellationError`, or `TransportError` when a verifier of which nothing is
    ///   known cannot be asked.
    public func plan(
        _ request: GenerationRequest, objective: SplitObjective = .latency, bound: SplitBound = .standard,
        measuring: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws -> SplitPlan {
        let models = painter.models
        let schedule = try painter.schedule(of: request)
        let shape = try models.draft.latentShape(for: PictureSize(width: request.width, height: request.height))
        let edge = try await deviceSpeed(for: request, shape: "\(shape)", measuring: measuring)
        let notes = try await verifierNotes(for: shape, measuring: measuring)
        var model = CostModel(
            schedule: schedule, verifierStepCount: request.mode == .exact ? nil : request.verifierStepCount,
            mode: request.mode, rule: rule(for: request), edge: edge,
            verifier: notes.pace(for: shape) ?? SplitPlanner.unknownPace(edge),
            waitSeconds: notes.expectedWait(now: Date().timeIntervalSince1970),
            network: notes.network ?? .none,
            payload: payload(notes, shape, request),
            // It was measured as pictures usually are.
            quality: isUsual(request) ? models.qualityCurve(for: request.mode) : nil)
        model.isConnected = isConnected
        model.evaluationsPerPromptQuestion =
            models.verifier.manifest.evaluationsPerPromptQuestion(isGuided: request.guidanceScale != 1)
        return SplitPlan(choice: model.best(objective, within: bound), objective: objective, model: model)
    }

    /// What the request holds a draft to.
    private func rule(for request: GenerationRequest) -> CheckRule? {
        let calibration = painter.models.verifier.calibration
        if let threshold = request.checkThreshold {
            return try? CheckRule(
                distance: threshold, times: request.checkLevels ?? calibration?.levels.map(\.time) ?? [])
        }
        return calibration.flatMap {
            try? CheckRule(
                $0, draft: painter.models.draft.weightsDigest, quantile: request.checkQuantile,
                likenessShare: request.checkLikeness, times: request.checkLevels)
        }
    }

    /// Whether nothing is asked for that changes what becomes of drafts.
    private func isUsual(_ request: GenerationRequest) -> Bool {
        let manifest = painter.models.draft.manifest
        let hasDials =
            request.checkThreshold != nil || request.checkQuantile != nil || request.checkLikeness != nil
            || request.checkLevels != nil
        return !hasDials && request.guidanceScale == Float(manifest.guidance.default)
            && (request.scheduleShift ?? manifest.schedule.shift) == manifest.schedule.shift
    }

    /// Keeps what a finished picture showed of this machine, the verifier and the network.
    ///
    /// - Parameter hadPreviews: whether decoding and writing of previews is in the draft's time.
    public func learn(from finished: FinishedPicture, hadPreviews: Bool = false) {
        if !hadPreviews { learnSpeed(from: finished) }
        guard case .remote(let address, _, let log) = verifier, finished.report.verification != nil else { return }
        var notes = kept(address)
        notes.note(finished, opening: log.opening)
        cache.keep(notes, "verifier", key: address)
    }

    private func learnSpeed(from finished: FinishedPicture) {
        let (job, report) = (finished.job, finished.report)
        let key = speedKey(shape: "\(job.latentShape)", isGuided: job.guidanceScale != 1)
        // The time of several candidates is no measure of one.
        guard job.mode != .exact, report.candidateCount == 1, let kept = keptSpeed(key) else { return }
        let updated = kept.updated(
            withSeconds: report.edgeSeconds - report.edgePreparationSeconds, steps: report.draftSteps,
            isDecoded: report.origin == .draftOnly)
        if updated != kept { cache.keep(updated, "draft-speed", key: key, isNew: false) }
    }

    private func keptSpeed(_ key: String) -> DeviceSpeed? {
        cache.value("draft-speed", key: key, as: DeviceSpeed.self).flatMap { $0.isPlausible ? $0 : nil }
    }

    private func speedKey(shape: String, isGuided: Bool) -> String {
        [
            painter.models.draft.weightsDigest, ProgramVersion.current, ProcessorModel.name, computation, shape,
            isGuided ? "guided" : "unguided",
        ].joined(separator: "\n")
    }

    /// Nothing is known of the verifier's pace only if it is of an older version: it is larger, on a better machine.
    static func unknownPace(_ edge: DeviceSpeed) -> VerifierPace {
        VerifierPace(secondsPerEvaluation: edge.secondsPerStep, fixedSeconds: edge.decodeSeconds)
    }

    var isConnected: Bool {
        if case .remote(_, let transport, _) = verifier { transport.isConnected } else { false }
    }

    func deviceSpeed(
        for request: GenerationRequest, shape: String, measuring: @escaping @Sendable (String) -> Void
    ) async throws -> DeviceSpeed {
        let key = speedKey(shape: shape, isGuided: request.guidanceScale != 1)
        if let kept = keptSpeed(key) { return kept }
        measuring("measuring how fast this machine drafts, once")
        let speed = try await onOwnThread(named: "draft") { [painter] flag in
            try painter.measureSpeed(like: request, cancellation: flag)
        }
        cache.keep(speed, "draft-speed", key: key)
        return speed
    }

    func verifierNotes(
        for shape: LatentShape, measuring: @escaping @Sendable (String) -> Void
    ) async throws -> VerifierNotes {
        switch verifier {
        case .embedded(let backend, let measurePace):
            let key = [
                painter.models.verifier.weightsDigest, ProgramVersion.current, ProcessorModel.name, computation,
                backend, "\(shape)",
            ].joined(separator: "\n")
            var notes = VerifierNotes()
            notes.network = NetworkEstimate.none
            if let kept = cache.value("verifier-speed", key: key, as: VerifierPace.self), kept.isPlausible {
                notes.note(kept, for: shape)
            } else {
                measuring("measuring how fast this machine verifies, once")
                let pace = try await onOwnThread(named: "verifier") { flag in
                    try measurePace(shape) { try flag.check() }
                }
                cache.keep(pace, "verifier-speed", key: key)
                notes.note(pace, for: shape)
            }
            return notes
        case .remote(let address, let transport, let log):
            var notes = kept(address)
            let now = Date().timeIntervalSince1970
            guard !notes.isFresh(for: shape, now: now) else { return notes }
            let description = try await transport.availability()
            notes.note(
                description, model: painter.models.verifier.identity, opening: log.opening, now: now)
            cache.keep(notes, "verifier", key: address)
            return notes
        }
    }

    /// What travels, as pictures of this verifier did, or as most do.
    func payload(_ notes: VerifierNotes, _ shape: LatentShape, _ request: GenerationRequest) -> PayloadEstimate {
        notes.payload(for: shape)
            ?? PayloadEstimate(latentElementCount: shape.elementCount, width: request.width, height: request.height)
    }

    private func kept(_ address: String) -> VerifierNotes {
        cache.value("verifier", key: address, as: VerifierNotes.self)?.cleaned ?? VerifierNotes()
    }
}

/// A split and what speaks for it.
public struct SplitPlan: Sendable {
    public let choice: SplitPrediction
    public let objective: SplitObjective
    /// All that was known when it was chosen.
    public let model: CostModel

    public init(choice: SplitPrediction, objective: SplitObjective, model: CostModel) {
        self.choice = choice
        self.objective = objective
        self.model = model
    }
}

extension SplitPlan: Encodable {
    private enum CodingKeys: String, CodingKey {
        case objective, choice, latency, edge, verifier, network, payload, hasQualityCurve
    }

    /// The choice and the figures that it rests on.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(objective, forKey: .objective)
        try container.encode(choice, forKey: .choice)
        try container.encode(choice.latency, forKey: .latency)
        try container.encode(model.edge, forKey: .edge)
        try container.encode(model.verifier, forKey: .verifier)
        try container.encode(model.network, forKey: .network)
        try container.encode(model.payload, forKey: .payload)
        try container.encode(model.quality != nil, forKey: .hasQualityCurve)
    }
}
