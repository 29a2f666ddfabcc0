import ArgumentParser
import EdgeRuntime
import Foundation
import Speculation

/// `underpaint resume`: finishes pictures whose verifier was not to be had.
struct ResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Finish pictures that wait for a verifier.",
        discussion: """
            EXAMPLES
              underpaint resume --list
              underpaint resume                       all of them
              underpaint resume 3f2a…c9 --verifier http://127.0.0.1:7860
              underpaint resume kept.handoff --offline
            """)

    @Argument(help: "Job ids or hand-off files (default: all that wait).")
    var pictures: [String] = []

    @Flag(help: "Only show what waits.")
    var list = false

    @OptionGroup(title: "Verifier") var verifier: VerifierOptions
    @OptionGroup(title: "Models") var models: ModelOptions

    @Option(name: .shortAndLong, help: "Another file for the picture than was asked for; for one picture only.")
    var output: String?

    @Flag(help: "Finish with the draft alone; the picture is labelled so.")
    var offline = false

    @Flag(help: "Print one JSON object a picture on standard output.")
    var json = false

    @Flag(name: .shortAndLong, help: "No progress.")
    var quiet = false

    func validate() throws {
        if output != nil, pictures.count != 1 {
            throw ValidationError("--output goes with exactly one picture")
        }
    }

    func run() async throws {
        try await reportingFailures {
            let journal = Workbench.journal
            guard !list else { return show(journal) }
            let waiting = try pictures.isEmpty ? readable(in: journal) : pictures.map { try find($0, in: journal) }
            guard !waiting.isEmpty else {
                Terminal.write("no picture waits for a verifier\n")
                return
            }
            try await cancellingOnInterrupt {
                let workbench = try Workbench(models: models, verifier: verifier)
                var tally = SpeculationTally()
                for unfinished in waiting {
                    let (finished, file) = try await finish(unfinished, with: workbench.maker)
                    tally.add(finished)
                    let result = PictureResult(finished, path: file.url.path, tally: tally, plan: nil, exactPlan: nil)
                    print(json ? try result.json() : result.line)
                }
            }
        }
    }

    private func show(_ journal: HandoffJournal) {
        for entry in journal.all() {
            switch entry.picture {
            case .success(let picture):
                let job = picture.job
                print(
                    "\(job.id)  \(picture.createdAt.formatted(.iso8601))  \(job.handoffStep)/\(job.stepCount) steps  "
                        + "seed \(job.seed)  \(job.prompt)")
            case .failure(let error):
                Terminal.warn("\(error)")
            }
        }
    }

    private func readable(in journal: HandoffJournal) -> [UnfinishedPicture] {
        journal.all().compactMap { entry in
            switch entry.picture {
            case .success(let picture):
                return picture
            case .failure(let error):
                Terminal.warn("\(error)")
                return nil
            }
        }
    }

    private func find(_ name: String, in journal: HandoffJournal) throws -> UnfinishedPicture {
        if let id = JobID(name), FileManager.default.fileExists(atPath: journal.file(for: id).path) {
            return try journal.picture(of: id)
        }
        return try HandoffJournal.read(URL(fileURLWithPath: name))
    }

    private func finish(
        _ unfinished: UnfinishedPicture, with maker: PictureMaker
    ) async throws -> (FinishedPicture, PictureFile) {
        let file = PictureFile(path: output ?? unfinished.outputPath)
        try file.checkWritable()
        let progress = MakingProgress(isQuiet: quiet, preview: nil)
        let finished =
            offline
            ? try await maker.resumeOffline(unfinished, report: progress.report)
            : try await maker.resume(unfinished, report: progress.report)
        try file.write(try finished.file(as: file.format(of: unfinished.job)))
        maker.settle(finished)
        progress.finish()
        return (finished, file)
    }
}
