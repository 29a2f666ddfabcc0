/// Turns a prompt into ids of a closed vocabulary of words.
///
/// The prompt is lower-cased and every character outside a–z and 0–9 separates words. Words that the vocabulary
/// does not have are left out; what remains is cut or padded to the exact token count. A prompt without any
/// known word becomes padding alone, which is the unconditional prompt.
public struct Tokenizer: Hashable, Sendable {
    public let vocabulary: Vocabulary
    private let ids: [String: Int32]

    public init(_ vocabulary: Vocabulary) {
        self.vocabulary = vocabulary
        var ids: [String: Int32] = [:]
        for (id, word) in vocabulary.words.enumerated().dropFirst(Vocabulary.specialWords.count) {
            ids[word] = Int32(id)
        }
        self.ids = ids
    }

    /// The ids of the empty prompt.
    public var unconditional: Tokens {
        Tokens(
            ids: [Int32](repeating: Vocabulary.paddingID, count: vocabulary.maximumTokenCount),
            unknownWords: [], wasCut: false)
    }

    /// The ids of any string.
    public func encode(_ prompt: String) -> Tokens {
        var tokens = unconditional
        var knownCount = 0
        var unknown: Set<String> = []
        for word in Words(of: prompt) {
            var isUnderstood = false
            var isMisunderstood = false
            for piece in word.pieces {
                guard let id = ids[piece] else {
                    isMisunderstood = true
                    continue
                }
                isUnderstood = true
                if knownCount < tokens.ids.count {
                    tokens.ids[knownCount] = id
                    knownCount += 1
                } else {
                    tokens.wasCut = true
                }
            }
            // A word without any a–z or 0–9, such as one in another script, has no pieces at all.
            if isMisunderstood || !isUnderstood, unknown.insert(word.text).inserted {
                tokens.unknownWords.append(word.text)
            }
        }
        return tokens
    }
}

/// A tokenized prompt.
public struct Tokens: Hashable, Sendable {
    /// Exactly as many as the text encoder takes.
    public fileprivate(set) var ids: [Int32]
    /// Words of the prompt that the vocabulary does not have, as written, each once, in order.
    public fileprivate(set) var unknownWords: [String]
    /// Whether known words at the end had no place.
    public fileprivate(set) var wasCut: Bool

    /// Whether nothing of the prompt was understood (or it was empty).
    public var isUnconditional: Bool { ids.allSatisfy { $0 == Vocabulary.paddingID } }
}
