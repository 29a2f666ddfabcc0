import EdgeRuntime
import Foundation
import Pictures
import Speculation
import Synchronization

/// The two progress lines of one picture, the draft's and the verifier's, and its previews.
final class MakingProgress: Sendable {
    private struct State {
        var line: ProgressLine
        var hasWarnedOfPreview = false
        /// Whether the line is that of an exact chain.
        var isChain = false
        var isHidden = false
        /// N of the verifier's schedule.
        var verifierStepCount: Int?
    }

    private let state: Mutex<State>
    private let isQuiet: Bool
    private let preview: PictureFile?
    private let place: String

    /// - Parameters:
    ///   - place: which picture of how many, where there are several.
    ///   - title: who begins.
    init(isQuiet: Bool, preview: PictureFile?, place: String? = nil, title: String = "draft") {
        self.isQuiet = isQuiet
        self.preview = preview
        self.place = place.map { "\($0) " } ?? ""
        state = Mutex(State(line: ProgressLine("\(self.place)\(title)", isQuiet: isQuiet)))
    }

    /// Whether another picture's progress is shown meanwhile; the line's end is shown all the same.
    var isHidden: Bool {
        get { state.withLock { $0.isHidden } }
        set { state.withLock { $0.isHidden = newValue } }
    }

    /// Takes events from whatever thread they come.
    @Sendable func report(_ event: MakingEvent) {
        state.withLock { state in
            guard !state.isHidden else { return }
            switch event {
            case .drafted(let done, let total): state.line.update(done: done, total: total)
            case .preview(let picture): show(picture, in: &state)
            case .handedOff(let drafted, let seconds): handOff(drafted, seconds: seconds, in: &state)
            case .verifier(let event): update(for: event, in: &state)
            }
        }
    }

    /// Leaves the last line standing.
    func finish() {
        state.withLock { $0.line.finish("done") }
    }

    private func handOff(_ drafted: DraftedPicture, seconds: Double, in state: inout State) {
        let job = drafted.job
        state.verifierStepCount = job.verifierStepCount
        state.line.finish(
            "\(job.handoffStep)/\(job.stepCount) steps  \(seconds.formatted(decimals: 2)) s  "
                + "latent \(job.codedEstimate.count) bytes")
        state.line = ProgressLine("\(place)verifier", isQuiet: isQuiet)
    }

    private func update(for event: VerificationEvent, in state: inout State) {
        switch event {
        case .queued(let position): state.line.update(position == 0 ? "next in the queue" : "\(position) before us")
        case .checked(let levels, let reentryStep):
            let passed = levels.filter(\.passes).count
            let of = state.verifierStepCount.map { "/\($0)" } ?? ""
            state.line.update("checked: \(passed) of \(levels.count) readings pass, from step \(reentryStep)\(of)")
        case .speculated(let step, let stepCount, let accepted):
            if !state.isChain {
                state.line = ProgressLine("\(place)exact", isQuiet: isQuiet)
                state.isChain = true
            }
            state.line.update(done: step, total: stepCount, note: "\(accepted) drafted")
        case .refined(let done, let total): state.line.update(done: done, total: total)
        case .decoding: state.line.update("decoding")
        }
    }

    private func show(_ picture: Picture, in state: inout State) {
        guard let preview else { return }
        do {
            try preview.write(try preview.format(quality: .usual).encode(picture))
        } catch {
            // A preview is a courtesy: its failure must not cost the picture, and is worth one warning, not twenty.
            if !state.hasWarnedOfPreview { Terminal.warn("no previews: \(Failure(error).message)") }
            state.hasWarnedOfPreview = true
        }
    }
}
