import ArgumentParser
import BackendSelection
import BaseDirectories
import CPUBackend
import Foundation
import Models
import Speculation
import VerifierRuntime
import VulkanBackend

/// `underpaint-verifier tune`: measures which kernels are fastest on a graphics card, and keeps that.
struct TuneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tune",
        abstract: "Measure on a graphics card which kernels compute the models fastest, and keep that.",
        discussion: """
            The products and attentions of the verifier, its critic, the text encoder and the decoder are computed in all the ways
            that the card has, for pictures alone and for as many together as a server takes, in one size or in all. From then on
            every program of this user that computes on this card in this precision takes the fastest; a new driver or a new
            version of the kernels takes none of it and is measured anew. Pictures may differ in their last bits from those before.

            EXAMPLES
              underpaint-verifier tune --precision float16
              underpaint-verifier tune --device 1 --precision float16 --parallel 16 --all-sizes
            What was measured is kept as it comes: stopped and begun again, it goes on where it was.

            EXIT CODES: 0 done, 66 no models or none with sizes, 69 no such card, 73 what was measured cannot be kept.
            """)

    @OptionGroup var compute: ComputeOptions

    @OptionGroup var models: PairOptions

    @Option(help: ArgumentHelp("Pictures together at most, as `serve --parallel` has them.", valueName: "jobs"))
    var parallel = 8

    @Flag(help: "Pictures of every size that the verifier was trained for, not of the first alone.")
    var allSizes = false

    @Option(help: ArgumentHelp("Runs of each way, of which the fastest counts.", valueName: "count"))
    var runs = 5

    @Option(
        name: .customLong("without"),
        help: ArgumentHelp(
            "Leave out ways whose names hold this, should a driver not survive them, for example 'matrices of workgroups'.",
            valueName: "words"))
    var excluded: [String] = []

    @Flag(help: "Measure also what was measured before.")
    var again = false

    @Option(
        help: ArgumentHelp(
            "Seconds that one way may take before the program takes the driver for hung, says which way it was, and ends.",
            valueName: "seconds"))
    var patience = 600

    @Flag(help: "Print JSON, one object a graph.")
    var json = false

    func validate() throws {
        guard (1...64).contains(parallel) else { throw ValidationError("--parallel must be between 1 and 64") }
        guard (1...1000).contains(runs) else { throw ValidationError("--runs must be between 1 and 1000") }
        guard (1...86_400).contains(patience) else {
            throw ValidationError("--patience must be between 1 and 86400")
        }
        if compute.backend == .cpu {
            throw ValidationError("there is nothing to tune on a processor: leave out --backend cpu")
        }
    }

    func run() async throws {
        do {
            try tune()
        } catch let error as ModelError {
            try fail(error, code: 66)
        } catch let error as VulkanError {
            try fail("\(error). On a processor there is nothing to tune", code: 69)
        } catch let error as VerifierError {
            try fail(error, code: 66)
        } catch let error as CocoaError {
            let reason = error.reason
            try fail(
                "what was measured cannot be kept: \(reason); let XDG_CACHE_HOME name a folder that can be written",
                code: 73)
        }
    }

    private func fail(_ error: some CustomStringConvertible, code: Int32) throws -> Never {
        try? FileHandle.standardError.write(contentsOf: Data("\(error)\n".utf8))
        throw ExitCode(code)
    }

    private func tune() throws {
        var compute = compute
        compute.backend = .vulkan
        guard let backend = try compute.makeBackend(threads: ThreadPolicy()).backend as? VulkanBackend else { return }
        let pair = try models.pair()
        // Before an hour is spent on what could not be kept.
        _ = try backend.saveTuning()
        let progress = TuneProgress(patience: .seconds(patience)) { _ = try? backend.saveTuning() }
        defer { progress.end() }
        let tuner = backend.tuner(runCount: runs, again: again, excluding: excluded) { progress.show($0) }
        let verifier = try PictureVerifier(models: pair, backend: tuner, decodeTile: compute.decodeTile)
        let shapes = verifier.catalogue.flatMap(\.latentShapes)
        guard !shapes.isEmpty else {
            throw VerifierError(
                .invalidJob, "the verifier lists no picture size in its manifest: nothing can be measured")
        }
        for shape in allSizes ? shapes : Array(shapes.prefix(1)) {
            // After each graph: whoever stops keeps what there is.
            _ = try verifier.measurePace(at: shape) { _ = try backend.saveTuning() }
            _ = try backend.saveTuning()
            try verifier.warmUp(jobs: parallel, at: shape) { _ = try backend.saveTuning() }
        }
        progress.end()
        for report in tuner.reports { try show(report) }
        if tuner.reports.isEmpty, !json { print("all of it was measured before; --again measures it anew") }
        if let file = try backend.saveTuning(), !json { print("kept in \(file)") }
    }

    private func show(_ report: VulkanTuner.Report) throws {
        guard json else { return print(report) }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        print(String(decoding: try encoder.encode(report), as: UTF8.self))
    }
}
