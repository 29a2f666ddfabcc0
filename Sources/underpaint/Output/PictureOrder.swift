import EdgeRuntime
import Speculation

/// One of the pictures that a command makes.
struct PictureOrder {
    let prompt: String
    /// The line of the prompt, for a list of them.
    let number: Int?
    let seed: UInt64
    let file: PictureFile

    /// Where the prompt stands, for a message.
    var place: String { number.map { "line \($0): " } ?? "" }

    /// Refuses a prompt that no verifier takes, whatever its models.
    func checkPrompt() throws {
        if let fault = JobLimits.fault(ofPrompt: prompt) { throw Failure(ExitStatus.usage, place + fault) }
    }
}

extension PictureOptions {
    /// Every picture that is asked for: of each prompt `--batch-count`, with consecutive seeds.
    ///
    /// - Throws: `PromptFileError`.
    func orders(output: String?) throws -> [PictureOrder] {
        if let promptFile {
            return try PromptFile(path: promptFile).lines.flatMap { line in
                orders(of: line.prompted(firstSeed: seed ?? 1), number: line.number, output: output)
            }
        }
        let first = PromptedSeed(prompt: prompt ?? "", seed: seed ?? UInt64.random(in: 0...UInt64(UInt32.max)))
        return orders(of: first, number: nil, output: output)
    }

    private func orders(of first: PromptedSeed, number: Int?, output: String?) -> [PictureOrder] {
        (0..<batchCount).map { index in
            let seed = first.seed &+ UInt64(index)
            let file = PictureFile(output: output, number: number, seed: seed, hasFellows: batchCount > 1)
            return PictureOrder(prompt: first.prompt, number: number, seed: seed, file: file)
        }
    }
}
