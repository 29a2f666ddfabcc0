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
              underpaint resume                       all of them, each at the verifier that it was meant for
              underpaint resume 3f2a…c9 --verifier http://127.0.0.1:7860
              underpaint resume kept.handoff --offline
              underpaint resume 3f2a…c9 --drop

            A picture that cannot be finished stays, and the others are gone on with. One that another underpaint works \
            on is left to it. Of a file from elsewhere neither the verifier's address nor the place of the picture is \
            trusted: say --verifier or --offline, and -o where the picture exists.

            EXIT CODES
              0 all are done, else that of the first that is not: 64 usage, 65 damaged data, 66 no model or no such
              picture, 69 no such device, 70 a fault of the program, 73 output not writable, 75 still kept,
              130 stopped by Ctrl-C or SIGTERM
            """)

    @Argument(help: "Job ids or hand-off files (default: all that wait).")
    var pictures: [String] = []

    @Flag(help: "Only show what waits, or those of it that are named.")
    var list = false

    @Flag(help: "Forget the pictures that are named instead of finishing them.")
    var drop = false

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
        if drop, pictures.isEmpty || offline || list {
            throw ValidationError("--drop goes with the pictures to forget, and with nothing else")
        }
    }

    func run() async throws {
        try await reportingFailures {
            let journal = Workbench.journal
            var seen: Set<String> = []
            let named = try pictures.map { try journal.file(named: $0) }
                .filter { seen.insert($0.standardizedFileURL.path).inserted }
            if drop { return try named.forEach { try journal.forget($0) } }
            let waiting = named.isEmpty ? try journal.all() : named.map { HandoffJournal.Entry($0) }
            if list { return try show(waiting) }
            guard !waiting.isEmpty else {
                Terminal.write("no picture waits for a verifier\n")
                return
            }
            try await cancellingOnInterrupt {
                var series = UnfinishedSeries(command: self)
                for entry in waiting { try await series.take(entry.file) }
                try series.end()
            }
        }
    }

    private func show(_ waiting: [HandoffJournal.Entry]) throws {
        for entry in waiting {
            switch entry.picture {
            case .success(let picture):
                let shown = WaitingPicture(picture, in: entry)
                try Terminal.printResult(json ? shown.jsonLine() : shown.line)
            case .failure(let error):
                // Who asked for this one has nothing else to look at.
                if !pictures.isEmpty { throw error }
                Terminal.warn("\(error)")
            }
        }
    }
}

/// Finishes one picture after another, of which one that cannot be finished is no other's trouble.
private struct UnfinishedSeries {
    let command: ResumeCommand
    /// By the verifier's address; nil is the embedded one's.
    private var workbenches: [String?: Workbench] = [:]
    /// Verifiers that were not to be had.
    private var absent: Set<String?> = []
    private var tally = SpeculationTally()
    private var failures: [Failure] = []
    /// Pictures whose verifier was not to be had for another one.
    private var passedCount = 0

    init(command: ResumeCommand) {
        self.command = command
    }

    /// - Throws: only when the person who ran the command does not want any more.
    mutating func take(_ file: URL) async throws {
        let unfinished: UnfinishedPicture
        do throws(JournalError) {
            unfinished = try HandoffJournal.take(file)
        } catch {
            note(error, of: file)
            return
        }
        if let failure = distrust(unfinished, in: file) {
            failures.append(failure)
            return
        }
        let address = command.verifier.verifier.map(\.address) ?? unfinished.verifier
        guard command.offline || !absent.contains(address) else {
            passedCount += 1
            return
        }
        do {
            let workbench = try workbench(address)
            let (finished, file) = try await finish(unfinished, with: workbench)
            tally.add(finished)
            let result = PictureResult(finished, path: file.url.path, tally: tally, plan: nil, exactPlan: nil)
            try Terminal.printResult(command.json ? result.jsonLine() : result.line)
        } catch {
            let failure = Failure(error)
            if failure.status == ExitStatus.interrupted {
                for earlier in failures { Terminal.warn(earlier.message) }
                throw failure
            }
            if let cause = (error as? UnverifiedError)?.cause as? TransportError, cause.concernsEveryJob {
                absent.insert(address)
            }
            failures.append(failure)
        }
    }

    /// Why a file that is none of the journal's is not followed: it would choose who gets the token, and which file is replaced.
    private func distrust(_ unfinished: UnfinishedPicture, in file: URL) -> Failure? {
        let id = unfinished.job.id
        guard Workbench.journal.name(of: id, keptIn: file) != id.text else { return nil }
        if let address = unfinished.verifier, command.verifier.verifier == nil, !command.offline {
            return Failure(
                ExitStatus.usage,
                "\(file.path) is from elsewhere and was meant for \(address): say where it shall go with --verifier, or --offline"
            )
        }
        if command.output == nil, FileManager.default.fileExists(atPath: unfinished.outputPath) {
            return Failure(
                ExitStatus.cannotCreate,
                "\(file.path) is from elsewhere, and \(unfinished.outputPath) exists: name another file with --output")
        }
        return nil
    }

    /// A picture that somebody else works on, or has finished meanwhile, is missed only where it was asked for.
    private mutating func note(_ error: JournalError, of file: URL) {
        switch error.code {
        case .inUse where command.pictures.isEmpty:
            Terminal.write("\(file.deletingPathExtension().lastPathComponent) is being worked on\n")
        case .notFound where command.pictures.isEmpty: break
        default: failures.append(Failure(error))
        }
    }

    /// - Throws: the first picture's failure, when the others have been told.
    func end() throws {
        for failure in failures.dropFirst() { Terminal.warn(failure.message) }
        if passedCount > 0 { Terminal.write("\(passedCount) more pictures wait for the same verifier\n") }
        if let first = failures.first { throw first }
    }

    private mutating func workbench(_ address: String?) throws -> Workbench {
        // The draft alone asks no verifier.
        let address = command.offline ? nil : address
        if let known = workbenches[address] { return known }
        let new = try Workbench(models: command.models, verifier: command.verifier, at: address)
        workbenches[address] = new
        return new
    }

    private func finish(
        _ unfinished: UnfinishedPicture, with workbench: Workbench
    ) async throws -> (FinishedPicture, PictureFile) {
        let file = command.output.map(PictureFile.init(asked:)) ?? PictureFile(path: unfinished.outputPath)
        try file.checkWritable()
        if command.output == nil, file.isNewer(than: unfinished.createdAt) {
            let kept = unfinished.file.map { Workbench.journal.name(of: unfinished.job.id, keptIn: $0.url) }
            throw Failure(
                ExitStatus.cannotCreate,
                """
                \(file.url.path) was written after the picture of \(kept ?? unfinished.job.id.text) was begun; \
                name another file with --output, or forget the picture with --drop
                """)
        }
        let progress = MakingProgress(
            isQuiet: command.quiet, preview: nil, title: command.offline ? "draft" : "verifier")
        let maker = workbench.maker
        let finished =
            command.offline
            ? try await maker.resumeOffline(unfinished, report: progress.report)
            : try await maker.resume(unfinished, report: progress.report)
        try file.write(finished, as: file.format(of: unfinished.job))
        workbench.settle(finished)
        progress.finish()
        return (finished, file)
    }
}
