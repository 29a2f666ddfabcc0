/// A fault planted by words: the prompt that a picture is read against when it was made from another.
///
/// A picture of other words is what a draft makes that did not follow its prompt, and needs no bad draft to make it.
public enum WordFault: String, Hashable, Sendable, CaseIterable {
    case color, object, surface, prompt

    /// Another standard prompt, or the same with one thing changed; nil if the prompt does not name the thing.
    ///
    /// - Parameters:
    ///   - index: which of `prompts` the picture was made from.
    ///   - round: another round chooses other words.
    func words(for index: Int, of prompts: [StandardPrompt], round: Int) -> String? {
        let prompt = prompts[index]
        switch self {
        case .color:
            guard let color = prompt.field("color") else { return nil }
            return StudioWords.replacing(
                StudioWords.names(ofColor: color), in: prompt.prompt,
                with: StudioWords.other(than: color, in: StudioWords.colors, index + round))
        case .object:
            guard let object = prompt.field("object") else { return nil }
            return StudioWords.replacing(
                StudioWords.objects[object] ?? [object], in: prompt.prompt,
                with: StudioWords.other(than: object, in: StudioWords.objects.keys.sorted(), index + round))
        case .surface:
            guard let surface = prompt.field("surface") else { return nil }
            let other = StudioWords.other(than: surface, in: StudioWords.surfaces.keys.sorted(), index + round)
            return StudioWords.replacing(
                StudioWords.surfaces[surface] ?? [], in: prompt.prompt,
                with: StudioWords.surfaces[other]?.first ?? "on a \(other)")
        case .prompt:
            return (1..<prompts.count).lazy.map { prompts[(index + round + $0) % prompts.count] }.first { other in
                ["object", "color", "surface"].allSatisfy { other.field($0) != prompt.field($0) }
            }?.prompt
        }
    }
}
