import BaseDirectories
import Diffusion
import EdgeRuntime
public import Foundation
import Pictures
import Speculation

/// Makes the runs of a sweep, one after another, and keeps each as it is done.
///
/// The edge is a child process for each edge profile, held to its share; the verifier is another; every byte between
/// them goes through a `ShapingRelay` on real sockets.
public final class SplitExperiment {
    /// The programs that take part.
    public struct Programs: Sendable {
        /// The edge: `underpaint` with the arguments of `lab edge`.
        public var edge: URL
        public var edgeArguments: [String]
        public var environment: [String: String]

        public init(edge: URL, edgeArguments: [String], environment: [String: String]) {
            self.edge = edge
            self.edgeArguments = edgeArguments
            self.environment = environment
        }
    }

    /// Where the verifier listens; relays stand before it.
    public struct Target: Hashable, Sendable {
        public var host: String
        public var port: UInt16

        public init(host: String, port: UInt16) {
            self.host = host
            self.port = port
        }
    }

    /// Where an experiment stands.
    public struct Progress: Sendable {
        public let done: Int
        public let total: Int
        /// The run that begins now.
        public let run: PlannedRun
        /// Seconds until the end at the present pace; nil at first.
        public let remainingSeconds: Double?
    }

    private let folder: URL
    private let sweep: SplitSweep
    private let programs: Programs
    private let target: Target
    private let models: RunRecord.Models
    private let log: RunLog
    private let store: PictureStore
    private var relays: [NetworkProfile: ShapingRelay] = [:]
    private var edges: [EdgeProfile: (process: LineProcess, throttle: ProcessThrottle)] = [:]
    private var references: [Reference: Picture] = [:]
    /// Where an edge has an open connection.
    private var warm: Set<Scene> = []

    /// What pictures are compared within.
    private struct Reference: Hashable {
        var prompt: PromptedSeed
        var stepCounts: StepCounts
        var shift: Double?
    }

    /// Opens or begins an experiment in a folder.
    ///
    /// - Throws: `LabError`.
    public init(
        _ sweep: SplitSweep, in folder: URL, programs: Programs, target: Target, models: RunRecord.Models,
        facts: ExperimentFacts
    ) throws(LabError) {
        try sweep.validate()
        self.sweep = sweep
        self.folder = folder
        self.programs = programs
        self.target = target
        self.models = models
        store = PictureStore(folder: folder.appendingPathComponent("pictures"))
        do {
            try FileManager.default.createDirectory(at: store.folder, withIntermediateDirectories: true)
        } catch {
            throw .notWritable(path: store.folder.path, reason: error.reason)
        }
        log = try RunLog(file: SplitExperiment.logFile(in: folder))
        try facts.keep(in: folder)
    }

    public static func logFile(in folder: URL) -> URL { folder.appendingPathComponent("runs.jsonl") }
    public static func picturesFolder(in folder: URL) -> URL { folder.appendingPathComponent("pictures") }

    /// The runs that are still to be made.
    public func missingRuns() -> [PlannedRun] {
        let done = Set(log.records.map(\.key))
        return sweep.runs().filter { !done.contains(key(of: $0)) }
    }

    /// Makes the missing runs. What is done stays done, whatever stops this.
    ///
    /// - Parameters:
    ///   - limit: at most so many.
    ///   - progress: called before each run; throw to stop.
    /// - Throws: `LabError`, or what `progress` throws.
    public func run(limit: Int? = nil, progress: (Progress) throws -> Void) throws {
        defer { end() }
        let missing = missingRuns()
        let planned = missing.prefix(limit ?? missing.count)
        let start = ContinuousClock.now
        for (index, run) in planned.enumerated() {
            let pace = (ContinuousClock.now - start).inSeconds / Double(max(index, 1))
            try progress(
                Progress(
                    done: index, total: planned.count, run: run,
                    remainingSeconds: index == 0 ? nil : pace * Double(planned.count - index)))
            try warmUp(run)
            try log.append(try record(of: run))
        }
    }

    /// Before the first run of a network and edge: one picture by the verifier, which opens the connection, and one by
    /// both models, which measures the edge's speed if `auto` is to be judged. Neither is recorded.
    private func warmUp(_ run: PlannedRun) throws {
        guard warm.insert(Scene(network: run.network, edge: run.edge)).inserted else { return }
        var split = run
        (split.order, split.mode) = (.smallFirst, sweep.modes.first ?? .trust)
        for choice in [.verifierOnly, sweep.includesAuto ? .auto : .draftSteps(max(1, run.stepCounts.draft * 4 / 5))]
            as [PlannedRun.Split]
        {
            split.split = choice
            _ = try ask(try edge(run.edge).process, split, over: try relay(run.network))
            _ = try store.take()
        }
    }

    private struct Scene: Hashable {
        var network: NetworkProfile
        var edge: EdgeProfile
    }

    private func key(of run: PlannedRun) -> String {
        run.key(models: ([models.draft, models.verifier] + [models.critic].compactMap { $0 }).joined(separator: " "))
    }

    private func end() {
        for edge in edges.values {
            edge.throttle.end()
            edge.process.end()
        }
        for relay in relays.values { relay.stop() }
        edges = [:]
        relays = [:]
        warm = []
    }

    private func record(of run: PlannedRun) throws -> RunRecord {
        let edge = try edge(run.edge)
        let relay = try relay(run.network)
        let before = (relay.counters, edge.throttle.processorSeconds, Date().timeIntervalSince1970)
        let outcome = try ask(edge.process, run, over: relay)
        // The relay's thread counts what it has passed a moment after the edge has it.
        usleep(5_000)
        let after = (relay.counters, edge.throttle.processorSeconds)
        let (name, picture) = try store.take()
        let telemetry = outcome.verification
        let stages = (telemetry?.stages ?? []).reduce(into: [:]) { $0[$1.name, default: 0] += $1.milliseconds / 1e3 }
        let computing = stages.values.reduce(0, +)
        let isSplit = outcome.draftSteps > 0 && outcome.draftSteps < run.stepCounts.draft
        let reference = Reference(prompt: run.prompt, stepCounts: run.stepCounts, shift: run.shift)
        if outcome.draftSteps == 0, run.order == .smallFirst { references[reference] = picture }
        return RunRecord(
            key: key(of: run), startedAt: before.2, network: run.network, edge: run.edge, order: run.order,
            mode: run.mode, stepCount: run.stepCounts.draft, verifierStepCount: run.stepCounts.verifier,
            sampler: FlowWalk.method, shift: run.shift,
            isAuto: run.split == .auto,
            draftSteps: outcome.draftSteps, prompt: run.prompt.prompt, seed: run.prompt.seed,
            repetition: run.repetition,
            seconds: .init(
                total: outcome.totalSeconds, edge: outcome.edgeSeconds, stages: stages, queue: outcome.queuedSeconds,
                network: max(0, outcome.verifierSeconds - computing - outcome.queuedSeconds),
                plan: outcome.planSeconds, edgeProcessor: max(0, after.1 - before.1)),
            bytes: .init(
                latent: outcome.latentBytes, rawLatent: outcome.rawLatentBytes, result: outcome.resultBytes,
                uploaded: after.0.uploadedBytes - before.0.uploadedBytes,
                downloaded: after.0.downloadedBytes - before.0.downloadedBytes),
            verifierEvaluations: telemetry?.verifierEvaluations ?? 0,
            reentryStep: isSplit && run.order == .smallFirst ? telemetry?.reentryStep : nil,
            loss: try self.reference(reference).distance(to: picture) ?? 1, picture: name, plan: outcome.plan,
            models: models)
    }

    /// The verifier's own picture: from this experiment's runs, or made now and not recorded.
    private func reference(_ reference: Reference) throws -> Picture {
        if let known = references[reference] { return known }
        let recorded = log.records.first { run in
            guard run.draftSteps == 0, run.sampler == FlowWalk.method, run.models == models else { return false }
            let made = Reference(
                prompt: PromptedSeed(prompt: run.prompt, seed: run.seed), stepCounts: run.stepCounts, shift: run.shift)
            return made == reference
        }
        if let recorded, let picture = try? store.picture(named: recorded.picture) {
            references[reference] = picture
            return picture
        }
        guard let network = sweep.networks.first, let profile = sweep.edges.first else {
            throw LabError.invalidPlan("the experiment has no network and edge")
        }
        let run = PlannedRun(
            network: network, edge: profile, mode: .trust, order: .smallFirst, split: .verifierOnly,
            stepCounts: reference.stepCounts, shift: reference.shift, prompt: reference.prompt, repetition: 0)
        _ = try ask(try edge(profile).process, run, over: try relay(network))
        let picture = try store.take().picture
        references[reference] = picture
        return picture
    }

    private func ask(_ edge: LineProcess, _ run: PlannedRun, over relay: ShapingRelay) throws -> EdgeOutcome {
        let request = EdgeRequest(
            verifier: relay.url, order: run.order, mode: run.mode, prompt: run.prompt.prompt, seed: run.prompt.seed,
            stepCounts: run.stepCounts, shift: run.shift, split: run.fraction, pictureFile: store.workFile.path)
        edge.send(String(decoding: try JSONEncoder().encode(request), as: UTF8.self))
        guard let line = edge.readLine(), let reply = try? JSONDecoder().decode(EdgeReply.self, from: Data(line.utf8))
        else { throw LabError.run("the edge ended; its words are in \(folder.path)/edge.log") }
        guard let outcome = reply.outcome else {
            throw LabError.run(
                "a run failed at the edge: \(reply.error ?? "no reason given"). Run the lab again to go on")
        }
        return outcome
    }

    private func relay(_ network: NetworkProfile) throws -> ShapingRelay {
        if let known = relays[network] { return known }
        let relay = try ShapingRelay(.init(network: network), targetHost: target.host, targetPort: target.port)
        relays[network] = relay
        return relay
    }

    /// The edge of a profile, started and warm: graphs are compiled and caches full before anything is measured.
    private func edge(_ profile: EdgeProfile) throws -> (process: LineProcess, throttle: ProcessThrottle) {
        if let known = edges[profile] { return known }
        let state = folder.appendingPathComponent("edge-\(profile.share.map(\.short) ?? "all")-\(profile.threads)")
        var environment = programs.environment
        environment["XDG_STATE_HOME"] = state.path
        environment["XDG_CACHE_HOME"] = state.path
        let process = try LineProcess(
            program: programs.edge, arguments: programs.edgeArguments + ["--threads", "\(profile.threads)"],
            environment: environment, errors: try SplitExperiment.logHandle(in: folder, "edge.log"))
        let edge = (process, try ProcessThrottle(process: process.identifier, share: profile.share))
        edges[profile] = edge
        let direct = NetworkProfile(
            name: "warm-up", uploadMegabits: nil, downloadMegabits: nil, roundTripMilliseconds: 0)
        guard let prompt = sweep.prompts.first, let counts = sweep.stepCounts.first else { return edge }
        for mode in sweep.modes {
            let run = PlannedRun(
                network: direct, edge: profile, mode: mode, order: .smallFirst,
                split: .draftSteps(max(1, counts.draft * 4 / 5)), stepCounts: counts, shift: nil, prompt: prompt,
                repetition: 0)
            _ = try ask(process, run, over: try relay(direct))
            _ = try store.take()
        }
        return edge
    }

    /// A file in the experiment's folder that a child's words are added to.
    ///
    /// - Throws: `LabError.notWritable`.
    public static func logHandle(in folder: URL, _ name: String) throws(LabError) -> FileHandle {
        let file = folder.appendingPathComponent(name)
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            if !FileManager.default.fileExists(atPath: file.path) {
                _ = FileManager.default.createFile(atPath: file.path, contents: nil)
            }
            let handle = try FileHandle(forWritingTo: file)
            try handle.seekToEnd()
            return handle
        } catch {
            throw .notWritable(path: file.path, reason: error.reason)
        }
    }
}
