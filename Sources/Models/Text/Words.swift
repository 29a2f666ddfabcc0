/// The words of a text as a person sees them: runs of letters, digits and marks of any script.
struct Words: Sequence, IteratorProtocol {
    private var rest: Substring.UnicodeScalarView

    struct Word {
        /// As written.
        let text: String
        /// What the tokenizer sees of it: its lower-case runs of a–z and 0–9.
        let pieces: [String]
    }

    init(of text: String) {
        rest = Substring(text).unicodeScalars
    }

    mutating func next() -> Word? {
        rest = rest.drop { !Self.beginsWord($0) }
        let word = rest.prefix { Self.beginsWord($0) || Self.isMark($0) }
        rest = rest[word.endIndex...]
        return word.isEmpty ? nil : Word(text: String(Substring(word)), pieces: Self.pieces(of: word))
    }

    private static func beginsWord(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return isPlain(lowercased(scalar)) }
        return scalar.properties.isAlphabetic || scalar.properties.numericType != nil
    }

    /// Accents and the like, which belong to the letter before them.
    private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark: true
        default: false
        }
    }

    private static func pieces(of word: Substring.UnicodeScalarView) -> [String] {
        var pieces: [String] = []
        var piece = ""
        for scalar in word {
            // Some letters outside ASCII have ASCII in their lower case, for example the Kelvin sign.
            let lower = scalar.isASCII ? String(lowercased(scalar)) : scalar.properties.lowercaseMapping
            for scalar in lower.unicodeScalars {
                if isPlain(scalar) {
                    piece.unicodeScalars.append(scalar)
                } else if !piece.isEmpty {
                    pieces.append(piece)
                    piece = ""
                }
            }
        }
        if !piece.isEmpty { pieces.append(piece) }
        return pieces
    }

    private static func lowercased(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        ("A"..."Z").contains(scalar) ? Unicode.Scalar(UInt8(scalar.value) + 32) : scalar
    }

    private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        ("a"..."z").contains(scalar) || ("0"..."9").contains(scalar)
    }
}
