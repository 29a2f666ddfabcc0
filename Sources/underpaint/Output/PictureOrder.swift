import EdgeRuntime

/// One of the pictures that a command makes.
struct PictureOrder {
    let prompt: String
    /// The line of the prompt, for a list of them.
    let number: Int?
    let seed: UInt64
    /// Whether no picture of the same prompt goes before it.
    let isFirstOfItsPrompt: Bool
    let file: PictureFile
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
            return PictureOrder(
                prompt: first.prompt, number: number, seed: seed, isFirstOfItsPrompt: index == 0, file: file)
        }
    }
}
