/// The words of the studio models' closed vocabulary that a fault can be planted with
/// (`CloudModels/training/underpaint_training/captions.py`).
enum StudioWords {
    static let colors = [
        "red", "orange", "yellow", "green", "teal", "blue", "purple", "pink", "brown", "white", "grey", "black",
    ]

    /// By the field's name; the first is the plain one.
    static let objects: [String: [String]] = [
        "mug": ["mug", "coffee mug", "cup", "coffee cup"], "bowl": ["bowl", "round bowl"],
        "plate": ["plate", "dinner plate", "dish"], "vase": ["vase", "flower vase"],
        "bottle": ["bottle", "tall bottle"], "jar": ["jar", "jar with a lid", "cosmetic jar"],
        "candle": ["candle", "pillar candle"], "box": ["box", "gift box", "box with a ribbon", "present"],
        "teapot": ["teapot", "tea pot"], "lamp": ["lamp", "table lamp", "lamp with a shade", "desk lamp"],
        "goblet": ["goblet", "wine goblet", "chalice"], "pitcher": ["pitcher", "jug", "water jug"],
        "teacup": ["teacup", "tea cup", "teacup with a saucer", "cup with a saucer"],
        "flower pot": ["flower pot", "plant pot", "pot with a saucer"],
        "tumbler": ["tumbler", "travel cup", "takeaway cup"], "bucket": ["bucket", "pail", "bucket with a handle"],
        "watering can": ["watering can", "garden watering can"],
        "cocktail shaker": ["cocktail shaker", "shaker", "bar shaker"],
        "trophy": ["trophy", "trophy cup", "winner trophy"],
        "candlestick": ["candlestick", "candle holder", "candlestick with a candle"],
        "book": ["book", "hardcover book", "novel"],
        "picture frame": ["picture frame", "photo frame", "framed picture"],
        "clock": ["clock", "mantel clock", "table clock"],
        "alarm clock": ["alarm clock", "twin bell alarm clock", "bedside clock"],
        "basket": ["basket", "woven basket", "wicker basket"],
        "shopping bag": ["shopping bag", "gift bag", "paper bag with handles"],
        "suitcase": ["suitcase", "trolley suitcase", "travel suitcase"],
        "christmas ornament": ["christmas ornament", "christmas bauble", "bauble"],
        "light bulb": ["light bulb", "bulb", "lightbulb"],
        "cigarette pack": ["cigarette pack", "pack of cigarettes", "open cigarette pack"],
        "kettle": ["kettle", "tea kettle", "stovetop kettle"], "frying pan": ["frying pan", "pan", "skillet"],
        "saucepan": ["saucepan", "sauce pan", "small saucepan"],
        "cooking pot": ["cooking pot", "pot with a lid", "stock pot"],
        "tray": ["tray", "serving tray", "tray with handles"],
        "cake stand": ["cake stand", "pedestal cake stand", "footed cake stand"],
        "pepper mill": ["pepper mill", "pepper grinder", "spice mill"],
        "cutting board": ["cutting board", "chopping board", "board with a handle"],
        "kitchen knife": ["kitchen knife", "knife", "chef knife"],
        "toaster": ["toaster", "bread toaster", "two slice toaster"],
        "soap dispenser": ["soap dispenser", "pump bottle", "lotion dispenser"],
        "perfume bottle": ["perfume bottle", "perfume", "flacon of perfume"],
        "cream tube": ["cream tube", "cosmetic tube", "tube of cream"], "lipstick": ["lipstick", "open lipstick"],
        "watch": ["watch", "wristwatch", "wrist watch"], "hat": ["hat", "brimmed hat", "hat with a ribbon"],
        "dumbbell": ["dumbbell", "dumbbell weight", "hand weight"], "dice": ["die", "dice cube", "game die"],
        "chess pawn": ["chess pawn", "pawn", "chess piece"], "drum": ["drum", "snare drum", "drum with sticks"],
        "phone": ["phone", "smartphone", "mobile phone"], "laptop": ["laptop", "notebook computer", "open laptop"],
        "speaker": ["speaker", "loudspeaker", "hifi speaker"], "stool": ["stool", "bar stool", "kitchen stool"],
        "side table": ["side table", "small table", "end table"],
        "chair": ["chair", "dining chair", "kitchen chair"],
        "armchair": ["armchair", "easy chair", "upholstered armchair"],
        "teddy bear": ["teddy bear", "teddy", "stuffed bear"], "handbag": ["handbag", "purse", "shoulder bag"],
        "potted plant": ["potted plant", "house plant", "plant in a pot"],
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
