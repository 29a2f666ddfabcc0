import ArgumentParser
import EdgeRuntime
import Foundation
import Pictures
import Speculation

/// `underpaint generate`: a prompt in, pictures out.
struct GenerateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Make pictures of a prompt.",
        discussion: """
            EXAMPLES
              underpaint generate "a red ceramic mug on a wooden table, soft window light"
              underpaint generate "a green bowl" --steps 50 --handoff 0.6 --seed 7 -o bowl.png
              underpaint generate "a gold candle" --verifier http://127.0.0.1:7860 --json
              underpaint generate "a gold candle" --verifier http://127.0.0.1:7860 --handoff auto
              underpaint generate "a blue vase" --offline
              underpaint generate "a white bowl" -o bowl.webp --quality 95
              underpaint generate "a pink teapot" --mode exact --steps 50 --window 8
              underpaint generate "a red mug" --precision int8
              underpaint generate "a red mug" --steps 8 --handoff 0
              underpaint generate --prompt-file shop.txt -o shop.webp --skip-existing

            If the verifier cannot be reached, the draft is kept: `underpaint resume` finishes it.

            EXIT CODES
              0 done, 64 usage, 65 damaged data, 66 no model or input file, 69 no such device, 70 a fault of the program,
              73 output not writable, 75 kept for `resume`, 130 stopped by Ctrl-C or SIGTERM
            """)

    @OptionGroup(title: "Picture") var picture: PictureOptions
    @OptionGroup(title: "Verifier") var verifier: VerifierOptions
    @OptionGroup(title: "Models") var models: ModelOptions

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "The picture's file, .png or .webp (default: underpaint-SEED.png, of a list underpaint-line-NUMBER.png).",
            discussion: "With --prompt-file, the line's number is put in, with --batch-count the seed."))
    var output: String?

    @Flag(help: "Leave out pictures whose file is there, to go on with a list where it was stopped.")
    var skipExisting = false

    @Option(
        help: ArgumentHelp(
            "How good a .webp file is (default: \(WebPQuality.usual.defaultValueDescription)).",
            discussion:
                "The verifier sends the picture as it is written, and a WebP of quality 90 is much shorter than a PNG.",
            valueName: "1…100|lossless"))
    var quality: WebPQuality?

    @Option(help: ArgumentHelp("Write the current state of the draft to this file while it works.", valueName: "file"))
    var preview: String?

    @Option(help: "Draft steps from one preview to the next (default: \(GenerateCommand.usualPreviewInterval)).")
    var previewInterval: Int?

    static let usualPreviewInterval = 5

    @Flag(help: "Finish with the draft alone; the picture is labelled so.")
    var offline = false

    @Flag(help: "Print one JSON object a picture on standard output.")
    var json = false

    @Flag(name: .shortAndLong, help: "No progress.")
    var quiet = false

    func validate() throws {
        if let previewInterval {
            guard (1...1000).contains(previewInterval) else {
                throw ValidationError("--preview-interval must be between 1 and 1000")
            }
            guard preview != nil else { throw ValidationError("--preview-interval goes with --preview") }
        }
        try verifier.checkPlace()
        if offline, let option = picture.optionOfVerifier {
            throw ValidationError("\(option) is of the verifier, which --offline leaves out")
        }
        if preview != nil, picture.mode == .exact {
            throw ValidationError("--preview shows the draft's picture, which mode exact does not have")
        }
        if preview != nil, !offline, picture.split.fraction == 0 {
            throw ValidationError("--preview shows the draft's picture, which --handoff 0 does not have")
        }
        let drafts = offline || picture.mode != .exact && (picture.split.fraction ?? 0) > 0
        if picture.candidates > 1, !drafts {
            throw ValidationError(
                "--candidates goes with drafts: with --mode handoff or trust and a --handoff above 0 that is not auto")
        }
        if quality != nil, !PictureFile(output: output, number: nil, seed: 0, hasFellows: false).isWebP {
            throw ValidationError("--quality goes with an --output that ends in .webp")
        }
    }

    func run() async throws {
        try await reportingFailures {
            let orders = try missing(try picture.orders(output: output))
            // All of them before the first is made: the last line's mistake should not come out after hours.
            for order in orders {
                try order.checkPrompt()
                try order.file.checkWritable()
            }
            if let preview = preview.map(PictureFile.init(asked:)) {
                try preview.checkWritable()
                let place = preview.url.standardizedFileURL.path
                guard !orders.contains(where: { $0.file.url.standardizedFileURL.path == place }) else {
                    throw Failure(ExitStatus.usage, "--preview and --output name the same file; choose another one")
                }
            }
            try await cancellingOnInterrupt {
                let workbench = try Workbench(models: models, verifier: verifier, at: verifier.address)
                var checked: Set<String> = []
                for order in orders where checked.insert(order.prompt).inserted { try workbench.checkWords(of: order) }
                var series = try PictureSeries(orders, of: self, with: workbench)
                try await series.make()
            }
        }
    }

    /// What is left to be made.
    private func missing(_ orders: [PictureOrder]) throws -> [PictureOrder] {
        guard skipExisting else { return orders }
        let missing = orders.filter { !$0.file.exists }
        if missing.count < orders.count, !quiet {
            Terminal.write("\(orders.count - missing.count) of \(orders.count) pictures are there\n")
        }
        return missing
    }
}
