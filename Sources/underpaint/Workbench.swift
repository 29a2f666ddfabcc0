import BackendSelection
import CPUBackend
import EdgeRuntime
import Foundation
import Graphs
import Models
import Pictures
import Speculation
import VerifierRuntime

/// The models, the verifier and the journal that the commands work with.
struct Workbench {
    let models: ModelPair
    let maker: PictureMaker
    let planner: SplitPlanner

    static var journal: HandoffJournal {
        .standard(environment: ProcessInfo.processInfo.environment)
    }

    /// Loads and checks the models and prepares the draft and the verifier.
    ///
    /// - Parameter address: of the verifier; nil for the embedded one.
    init(models options: ModelOptions, verifier: VerifierOptions, at address: String?) throws {
        models = try options.pair(needsVerifier: address == nil)
        let precision = verifier.compute.precision
        // A float16 that was meant for a Vulkan device is no loss to the draft.
        if precision != .float16, let reason = precision.reasonForFloat32 { Terminal.warn(reason) }
        let backend = CPUBackend(precision: precision.products, threads: ThreadPolicy(count: options.threads))
        let transport: any VerifierTransport
        let planned: SplitPlanner.Verifier
        if let address {
            let log = TransferLog()
            transport = try verifier.transport(to: address, log: log)
            planned = .remote(address: address, transport: transport, log: log)
        } else {
            let selected = try verifier.compute.makeBackend(threads: ThreadPolicy(count: options.threads))
            if precision == .float16, selected.backend is CPUBackend, let reason = selected.reason {
                Terminal.warn("--precision float16 is of Vulkan devices, and float32 is computed in: \(reason)")
            }
            let embedded = try PictureVerifier(
                models: models, backend: selected.backend, decodeTile: verifier.compute.decodeTile)
            transport = InProcessVerifierTransport(models: embedded.catalogue) { job, report in
                try embedded.execute(job, report: report)
            }
            planned = .embedded(
                backend: selected.backend.name, measurePace: { try embedded.measurePace(at: $0, check: $1) })
        }
        let painter = try DraftPainter(models: models, backend: backend, decodeTile: verifier.compute.decodeTile)
        maker = PictureMaker(
            painter: painter, transport: transport, journal: Workbench.journal, verifier: address)
        planner = SplitPlanner(
            painter: painter, cache: .standard(environment: ProcessInfo.processInfo.environment), verifier: planned,
            computation: Workbench.computation(backend))
    }

    /// What computes here, as far as it decides how fast.
    static func computation(_ backend: CPUBackend) -> String {
        let description = backend.description
        let narrow = description.precision == .float32 ? "" : "\(description.precision.rawValue), "
        return "\(description.library), \(description.kernels), \(narrow)\(description.threadCount) threads"
    }

    /// The file of the running program.
    static var ownProgram: URL {
        get throws {
            guard let program = Bundle.main.executableURL?.resolvingSymlinksInPath() else {
                throw Failure(ExitStatus.software, "the system does not say where this program is")
            }
            return program
        }
    }

    /// Forgets what is kept of a picture that is safe on disk; a picture is no worse for a file that stays.
    func settle(_ finished: FinishedPicture) {
        do throws(JournalError) {
            try maker.settle(finished)
        } catch {
            Terminal.warn("\(error)")
        }
    }

    /// Names the words of a prompt that the model does not know.
    ///
    /// - Throws: `Failure` when it knows none of them: what came out would be anybody's guess.
    func checkWords(of order: PictureOrder) throws {
        let tokens = models.shared.tokenizer.encode(order.prompt)
        let place = order.place
        let unknown = tokens.unknownWords.joined(separator: ", ")
        let advice = "`underpaint models --words` shows what it knows"
        guard !tokens.isUnconditional else {
            let fault =
                unknown.isEmpty ? "there is no word in the prompt" : "the model knows none of the words \(unknown)"
            throw Failure(ExitStatus.usage, "\(place)\(fault); \(advice)")
        }
        if !unknown.isEmpty { Terminal.warn("\(place)the model does not know: \(unknown) (left out; \(advice))") }
        if tokens.wasCut {
            let limit = models.shared.tokenizer.vocabulary.maximumTokenCount
            Terminal.warn(
                "\(place)the prompt is longer than the \(limit) words that the model reads; the rest is left out")
        }
    }

    /// What the options ask for, with the model's own defaults where they are silent.
    func request(
        _ order: PictureOrder, _ options: PictureOptions, size: PictureSize, format: PictureFormat, isOffline: Bool
    ) throws -> GenerationRequest {
        guard format.holds(width: size.width, height: size.height) else {
            throw Failure(ExitStatus.usage, "\(size) is too long for a WebP; choose an --output that ends in .png")
        }
        let manifest = models.draft.manifest
        let standard = options.mode == .exact && !isOffline ? ExactOptions.standardStepCount : nil
        let counts = models.stepCounts(options.steps ?? standard, verifier: options.verifierSteps)
        var request = GenerationRequest(
            prompt: order.prompt, width: size.width, height: size.height,
            stepCount: counts.draft, verifierStepCount: options.mode == .exact ? nil : counts.verifier,
            handoffFraction: isOffline ? 1 : options.draftShare, seed: order.seed,
            guidanceScale: options.guidanceScale ?? Float(manifest.guidance.default),
            mode: isOffline ? .handoff : options.mode, checkThreshold: options.checkThreshold,
            scheduleShift: options.shift, exact: isOffline ? nil : options.exact)
        request.checkQuantile = options.checkQuantile
        request.checkLikeness = options.checkLikeness
        request.checkLevels = options.checkLevels?.times
        request.candidateCount = options.candidates
        request.format = format
        return request
    }

    /// The size that the options ask for; warns where the model was not trained at it.
    func size(_ options: PictureOptions) throws -> PictureSize {
        guard
            let trained = options.aspect.map({ models.draft.size(ofRatio: $0.ratio) })
                ?? models.draft.manifest.sizes.first
        else {
            throw Failure(ExitStatus.dataError, "\(models.draft.folder.manifestPath) lists no picture size")
        }
        let size = PictureSize(width: options.width ?? trained.width, height: options.height ?? trained.height)
        _ = try models.draft.latentShape(for: size)
        if !models.draft.isTrainedSize(size) {
            let known = models.draft.manifest.sizes.map(\.description).joined(separator: ", ")
            Terminal.warn("\(models.draft.id) was trained at \(known); expect less of \(size)")
        }
        return size
    }
}
