import Diffusion
import Foundation
import Models
public import Speculation

extension SplitPlanner {
    /// The best placement and window for a request in mode `exact`, of those that it leaves open.
    ///
    /// - Parameter draftShare: the share of the steps that may be drafted in a placement.
    /// - Returns: nil where there is nothing to choose, or nothing to choose by: no measured error of the draft.
    /// - Throws: as `plan`.
    public func planExact(
        _ request: GenerationRequest, draftShare: (ExactPlacement) -> Double,
        measuring: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws -> ExactPrediction? {
        guard let options = request.exact, options.placement == .auto || options.window == .auto else { return nil }
        let models = painter.models
        let draft = options.placement == .edge ? .model : options.draft
        let measured = DraftErrorCurve(models.draft.folder.manifest.training?.velocityGap ?? [])?
            .corrected(by: options.correction)
        guard let curve = draft == .held ? DraftErrorCurve.held(options.correction) : measured else { return nil }
        let shape = try models.draft.latentShape(for: PictureSize(width: request.width, height: request.height))
        let edge = try await deviceSpeed(for: request, shape: "\(shape)", measuring: measuring)
        let notes = try await verifierNotes(for: shape, measuring: measuring)
        let pace = notes.pace(for: shape) ?? SplitPlanner.unknownPace(edge)
        // Held drafts are made where the verifier's pictures are; in one process there is nothing to place.
        let isOpen = options.placement == .auto && draft == .model && isRemote
        let placements: [ExactPlacement] =
            isOpen ? [.verifier, .edge] : [options.placement == .auto ? .verifier : options.placement]
        let choices = try placements.map { placement in
            let plan = ExactPlan(
                schedule: try painter.schedule(of: request),
                tailStep: Int((draftShare(placement) * Double(request.stepCount)).rounded()), seed: request.seed,
                shape: shape)
            return ExactCost(
                acceptances: plan.kernels.prefix(plan.tailStep).map {
                    curve.acceptance(of: $0, elementCount: shape.elementCount)
                },
                tailStepCount: plan.stepCount - plan.tailStep,
                edgeSecondsPerDraft: draft == .held ? 0 : edge.secondsPerStep,
                verifierSecondsPerDraft: draft == .held
                    ? 0 : SplitPlanner.draftShareOfEvaluation * pace.secondsPerEvaluation,
                verifier: pace,
                waitSeconds: notes.expectedWait(now: Date().timeIntervalSince1970),
                network: notes.network ?? .none, isConnected: isConnected,
                elementCount: shape.elementCount,
                pictureBytes: payload(notes, shape, request).pictureBytes,
                correction: options.correction
            ).best(placement: placement, window: options.window)
        }
        return choices.min { $0.latency < $1.latency }
    }

    /// A step of the studio draft as a share of an evaluation of its verifier on one machine: 8.7 of 59.5 ms
    /// (Benchmarks/exact-mode.md). The verifier's machine is known by its own pace only.
    private static let draftShareOfEvaluation = 0.15

    private var isRemote: Bool {
        if case .remote = verifier { true } else { false }
    }
}
