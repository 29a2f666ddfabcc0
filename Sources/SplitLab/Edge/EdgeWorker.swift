import BaseDirectories
import Diffusion
public import EdgeRuntime
import Foundation
import Models
import Pictures
import Speculation

/// The edge of an experiment: makes one picture after another as it is asked, in a process of its own.
///
/// It is the same code that `underpaint generate` runs, with the same sockets; being one process for many pictures it
/// loads the models once, so that what is measured is a picture and not a start.
public final class EdgeWorker {
    private let painter: DraftPainter
    private let journal: HandoffJournal
    private let cache: PlanningCache
    private let computation: String
    private var ways: [String: (transport: LibcurlVerifierTransport, log: TransferLog)] = [:]

    /// - Parameter computation: as in `SplitPlanner`.
    public init(painter: DraftPainter, journal: HandoffJournal, cache: PlanningCache, computation: String) {
        self.painter = painter
        self.journal = journal
        self.cache = cache
        self.computation = computation
    }

    /// Answers requests, one JSON line each, until the input ends.
    public func serve(nextLine: () -> String?, reply: (String) -> Void) async {
        let (decoder, encoder) = (JSONDecoder(), JSONEncoder())
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        while let line = nextLine() {
            var answer = EdgeReply()
            do {
                answer.outcome = try await run(decoder.decode(EdgeRequest.self, from: Data(line.utf8)))
            } catch {
                answer.error = "\(error)"
            }
            let text = (try? encoder.encode(answer)).map { String(decoding: $0, as: UTF8.self) }
            reply(text ?? #"{"error":"the edge cannot write its answer"}"#)
        }
    }

    /// Makes one picture and writes its file.
    public func run(_ asked: EdgeRequest) async throws -> EdgeOutcome {
        let way = try way(to: asked.verifier)
        let planner = SplitPlanner(
            painter: painter, cache: cache,
            verifier: .remote(address: asked.verifier, transport: way.transport, log: way.log),
            computation: computation)
        var request = try generationRequest(asked)
        var (planSeconds, plan) = (0.0, PlanSummary?.none)
        if asked.split == nil {
            let start = ContinuousClock.now
            let chosen = try await planner.plan(request)
            planSeconds = (ContinuousClock.now - start).inSeconds
            request.handoffFraction = chosen.choice.fraction
            plan = PlanSummary(
                predictedSeconds: chosen.choice.latency, predictedVerifierSeconds: chosen.choice.verifierSeconds,
                allowedSteps: chosen.model.allowedSteps(within: .standard))
        }
        let isMixed = request.handoffFraction > 0 && request.handoffFraction < 1
        var outcome =
            if asked.order == .largeFirst, isMixed {
                try await runLargeFirst(request, over: way.transport, to: asked.pictureFile)
            } else {
                try await runSmallFirst(request, over: way.transport, planner: planner, asked: asked)
            }
        (outcome.planSeconds, outcome.plan) = (planSeconds, plan)
        return outcome
    }

    private func runSmallFirst(
        _ request: GenerationRequest, over transport: LibcurlVerifierTransport, planner: SplitPlanner,
        asked: EdgeRequest
    ) async throws -> EdgeOutcome {
        let maker = PictureMaker(painter: painter, transport: transport, journal: journal, verifier: asked.verifier)
        let start = ContinuousClock.now
        let finished: FinishedPicture
        do {
            finished = try await maker.make(
                request, id: .random(), outputPath: asked.pictureFile, report: { _ in })
        } catch let error as UnverifiedError {
            // An experiment does not take up its pictures again.
            try journal.forget(error.file)
            throw error
        }
        let total = (ContinuousClock.now - start).inSeconds
        try maker.settle(finished)
        planner.learn(from: finished)
        try write(try finished.file(as: .png), to: asked.pictureFile)
        let report = finished.report
        return EdgeOutcome(
            draftSteps: report.draftSteps, totalSeconds: total, edgeSeconds: report.edgeSeconds,
            verifierSeconds: report.verifierSeconds, queuedSeconds: report.queuedSeconds, planSeconds: 0,
            latentBytes: report.latentBytes, rawLatentBytes: report.rawLatentBytes, resultBytes: report.resultBytes,
            verification: report.verification, plan: nil)
    }

    /// The control: the verifier takes the first steps and sends its latent, the draft takes the others and decodes.
    private func runLargeFirst(
        _ request: GenerationRequest, over transport: LibcurlVerifierTransport, to file: String
    ) async throws -> EdgeOutcome {
        let start = ContinuousClock.now
        var asked = request
        // Who goes first leaves off at a step of the schedule that the other goes on with.
        (asked.handoffFraction, asked.verifierStepCount) = (0, nil)
        let undrafted = asked
        let begun = try await onOwnThread(named: "draft") { [painter] _ in
            try painter.draft(undrafted, id: .random()) { _ in }
        }
        let preparing = (ContinuousClock.now - start).inSeconds
        var job = begun.job
        let draftSteps = max(1, Int((request.handoffFraction * Double(job.stepCount)).rounded()))
        job.stopStep = max(1, job.stepCount - draftSteps)
        (job.mode, job.result) = (.trust, .latent)
        let sent = ContinuousClock.now
        let half = try await transport.verify(job) { _ in }
        let verifierSeconds = (ContinuousClock.now - sent).inSeconds
        job.handoffStep = job.lastStep
        (job.stopStep, job.codedEstimate, job.result) = (nil, half.payload, .png)
        let resumed = ContinuousClock.now
        let handedBack = job
        let picture = try await onOwnThread(named: "draft") { [painter] _ in
            let finished = try painter.finish(handedBack) { _ in }
            return try painter.picture(of: finished.estimate)
        }
        let end = ContinuousClock.now
        try write(try PNG.encode(picture), to: file)
        return EdgeOutcome(
            draftSteps: job.stepCount - job.handoffStep, totalSeconds: (end - start).inSeconds,
            edgeSeconds: preparing + (end - resumed).inSeconds, verifierSeconds: verifierSeconds, queuedSeconds: 0,
            planSeconds: 0, latentBytes: half.payload.count, rawLatentBytes: 2 * job.latentShape.elementCount,
            resultBytes: half.payload.count, verification: half.telemetry, plan: nil)
    }

    private func generationRequest(_ asked: EdgeRequest) throws -> GenerationRequest {
        let manifest = painter.models.draft.manifest
        guard let size = manifest.sizes.first else {
            throw LabError.run("\(painter.models.draft.folder.manifestPath) lists no picture size")
        }
        return GenerationRequest(
            prompt: asked.prompt, width: size.width, height: size.height, stepCount: asked.stepCounts.draft,
            verifierStepCount: asked.stepCounts.verifier, handoffFraction: asked.split ?? SplitBound.standardFraction,
            seed: asked.seed,
            guidanceScale: Float(manifest.guidance.default), mode: asked.mode, scheduleShift: asked.shift)
    }

    private func way(to address: String) throws -> (transport: LibcurlVerifierTransport, log: TransferLog) {
        if let known = ways[address] { return known }
        let log = TransferLog()
        let way = (try LibcurlVerifierTransport(url: address, log: log), log)
        ways[address] = way
        return way
    }

    private func write(_ png: [UInt8], to file: String) throws {
        do {
            try Data(png).write(to: URL(fileURLWithPath: file), options: .atomic)
        } catch {
            throw LabError.notWritable(path: file, reason: error.reason)
        }
    }
}
