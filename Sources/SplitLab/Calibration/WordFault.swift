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

/// The words of the studio models' closed vocabulary that a fault can be planted with
/// (`CloudModels/training/underpaint_training/captions.py`).
enum StudioWords {
    static let colors = [
        "red", "orange", "yellow", "green", "teal", "blue", "purple", "pink", "brown", "white", "grey", "black",
    ]

    /// By the field's name; the first is the plain one.
    static let objects: [String: [String]] = [
        "mug": ["mug", "coffee mug", "coffee cup", "cup"], "bowl": ["bowl", "round bowl"],
        "plate": ["plate", "dinner plate", "dish"], "vase": ["vase", "flower vase"],
        "bottle": ["bottle", "tall bottle"], "jar": ["jar", "jar with a lid", "cosmetic jar"],
        "candle": ["candle", "pillar candle"], "box": ["box", "gift box", "box with a ribbon", "present"],
        "teapot": ["teapot", "tea pot"], "lamp": ["lamp", "table lamp", "lamp with a shade", "desk lamp"],
    ]

    /// By the field's name; the first is the plain one.
    static let surfaces: [String: [String]] = {
        var surfaces: [String: [String]] = [
            "wooden table": [
                "on a wooden table", "on a wood table", "on an oak table", "on a wooden desk",
            ],
            "dark wooden table": ["on a dark wooden table", "on a walnut table", "on a dark wood table"],
            "marble counter": [
                "on a marble counter", "on a marble countertop", "on a marble table", "on white marble",
            ],
            "concrete surface": [
                "on a concrete surface", "on concrete", "on a concrete floor", "on a stone surface",
            ],
            "linen cloth": [
                "on a linen cloth", "on linen", "on a linen tablecloth", "on a cloth", "on linen fabric",
            ],
        ]
        for color in ["white", "grey", "black", "beige", "pink", "blue", "green", "yellow"] {
            surfaces["\(color) background"] = names(ofColor: color).flatMap { name in
                ["on a", "on a plain", "against a", "on a seamless"].map { "\($0) \(name) background" }
                    + ["in front of a \(name) backdrop"]
            }
        }
        return surfaces
    }()

    static func names(ofColor color: String) -> [String] {
        let others = ["grey": "gray", "teal": "turquoise", "purple": "violet", "beige": "cream"]
        return [color] + (others[color].map { [$0] } ?? [])
    }

    /// One of `names` that is not `name`.
    static func other(than name: String, in names: [String], _ index: Int) -> String {
        let others = names.filter { $0 != name }
        // Neighbouring prompts get unlike words.
        return others[(index * 7 + 3) % others.count]
    }

    /// `text` with the first of the longest phrase of `phrases` that is in it replaced; nil if none is.
    static func replacing(_ phrases: [String], in text: String, with new: String) -> String? {
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        for phrase in phrases.sorted(by: { ($0.count, $1) > ($1.count, $0) }) {
            let parts = phrase.split(separator: " ")
            for start in words.indices where start + parts.count <= words.count {
                let found = words[start..<start + parts.count]
                let bare = found.map { $0.trimmingCommas }
                guard bare.elementsEqual(parts) else { continue }
                let comma = found.last?.hasSuffix(",") == true ? "," : ""
                let replaced = words[..<start] + [Substring(new + comma)] + words[(start + parts.count)...]
                return replaced.joined(separator: " ")
            }
        }
        return nil
    }
}

extension Substring {
    fileprivate var trimmingCommas: Substring { hasSuffix(",") ? dropLast() : self }
}
