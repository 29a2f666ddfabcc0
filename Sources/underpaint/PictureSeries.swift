import EdgeRuntime
import Foundation
import Models
import Pictures
import Speculation

/// The pictures of `generate`, one after another. Where the verifier is elsewhere, the next is drafted while it works on the
/// last.
struct PictureSeries {
    /// A picture that is being made.
    private struct Making {
        let file: PictureFile
        let askedSeed: UInt64
        let format: PictureFormat
        let plan: SplitPlan?
        let exactPlan: ExactPrediction?
        let progress: MakingProgress
    }

    private let orders: [PictureOrder]
    private let command: GenerateCommand
    private let workbench: Workbench
    private let size: PictureSize
    private let preview: PictureFile?
    private let overlaps: Bool
    /// The picture whose part here is done.
    private var sent: (making: Making, finishing: Task<FinishedPicture, any Error>)?
    private var tally = SpeculationTally()

    init(_ orders: [PictureOrder], of command: GenerateCommand, with workbench: Workbench) throws {
        self.orders = orders
        self.command = command
        self.workbench = workbench
        size = try workbench.size(command.picture)
        preview = command.preview.map(PictureFile.init(asked:))
        // An embedded verifier computes where the draft does, and an edge that drafts a chain's windows is busy with them.
        overlaps = command.verifier.address != nil && command.picture.mode != .exact
    }

    /// - Throws: the first failure; the pictures before it are written.
    mutating func make() async throws {
        do {
            for index in orders.indices { try await make(index) }
        } catch {
            // The picture before it may be well; unless it is this one that failed, or nobody wants any more.
            if Task.isCancelled { sent?.finishing.cancel() }
            try await settle()
            throw error
        }
        try await settle()
        if !command.json, orders.count > 1, let summary = tally.line { try Terminal.printResult(summary) }
    }

    private mutating func make(_ index: Int) async throws {
        let order = orders[index]
        let format = order.file.format(quality: command.quality ?? .usual)
        var request = try workbench.request(
            order, command.picture, size: size, format: format, isOffline: command.offline)
        let plan = command.offline ? nil : try await plan(&request)
        let exactPlan = command.offline ? nil : try await planExact(&request)
        let progress = MakingProgress(
            isQuiet: command.quiet, preview: preview, place: orders.count > 1 ? "\(index + 1)/\(orders.count)" : nil)
        let making = Making(
            file: order.file, askedSeed: order.seed, format: format, plan: plan, exactPlan: exactPlan,
            progress: progress)
        let begun = try await workbench.maker.begin(
            request, id: .random(), outputPath: order.file.url.path,
            previewInterval: preview.map { _ in command.previewInterval ?? GenerateCommand.usualPreviewInterval },
            report: progress.report)
        do {
            try await settle()
        } catch {
            if let finished = begun.finished {
                // By the draft alone, and as good as if the one before it had been.
                do { try deliver(finished, of: making) } catch { Terminal.warn(Failure(error).message) }
            } else {
                Terminal.write("the draft of \(order.file.url.path) is kept, too: underpaint resume \(begun.job.id)\n")
            }
            throw error
        }
        progress.isHidden = overlaps
        sent = (
            making,
            Task { [maker = workbench.maker] in
                try await maker.finish(begun, report: progress.report)
            }
        )
        if !overlaps { try await settle() }
    }

    /// Waits for the picture that is at the verifier, writes it and says so.
    private mutating func settle() async throws {
        guard let (making, finishing) = sent else { return }
        sent = nil
        making.progress.isHidden = false
        let finished = try await withTaskCancellationHandler {
            try await finishing.value
        } onCancel: {
            finishing.cancel()
        }
        try deliver(finished, of: making)
    }

    /// Writes a picture and says so.
    private mutating func deliver(_ finished: FinishedPicture, of making: Making) throws {
        try making.file.write(finished, as: making.format)
        workbench.settle(finished)
        making.progress.finish()
        workbench.planner.learn(from: finished, hadPreviews: preview != nil)
        tally.add(finished)
        let result = PictureResult(
            finished, path: making.file.url.path, askedSeed: making.askedSeed, tally: tally, plan: making.plan,
            exactPlan: making.exactPlan)
        try Terminal.printResult(command.json ? result.jsonLine() : result.line)
    }

    /// Lets the cost model choose the split if that is wished for.
    private func plan(_ request: inout GenerationRequest) async throws -> SplitPlan? {
        guard command.picture.split == .auto, command.picture.mode != .exact else { return nil }
        do {
            let plan = try await workbench.planner.plan(
                request, objective: command.picture.objective ?? .latency,
                bound: SplitBound(loss: command.picture.maxLoss),
                measuring: { [quiet = command.quiet] text in if !quiet { Terminal.write("\(text)\n") } })
            request.handoffFraction = plan.choice.fraction
            return plan
        } catch let error as TransportError {
            // The draft is worth making all the same: it is kept if the verifier stays away.
            Terminal.warn("\(error); the split cannot be chosen without it and is \(request.handoffFraction)")
            return nil
        }
    }

    /// Lets the cost model choose what mode `exact` leaves open.
    private func planExact(
        _ request: inout GenerationRequest
    ) async throws -> ExactPrediction? {
        guard command.picture.mode == .exact else { return nil }
        do {
            let plan = try await workbench.planner.planExact(
                request, draftShare: command.picture.exactShare,
                measuring: { [quiet = command.quiet] text in if !quiet { Terminal.write("\(text)\n") } })
            guard let plan else { return nil }
            request.exact?.placement = plan.placement
            request.exact?.window = .fixed(plan.length)
            request.handoffFraction = command.picture.exactShare(plan.placement)
            return plan
        } catch let error as TransportError {
            // The job is kept if the verifier stays away.
            Terminal.warn("\(error); placement and window cannot be chosen without it")
            return nil
        }
    }
}
