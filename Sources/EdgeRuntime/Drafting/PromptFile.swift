import BaseDirectories
import Foundation

/// A list of prompts: one a line, or JSON lines with `prompt` and, where wished for, `seed`.
///
/// Empty lines, and text lines that begin with `#`, are left out but counted, so that a prompt's number is the one that an
/// editor shows.
public struct PromptFile: Hashable, Sendable {
    /// A line with a prompt on it.
    public struct Line: Hashable, Sendable {
        /// From 1.
        public let number: Int
        public let prompt: String
        /// nil where the line names none.
        public let seed: UInt64?

        /// The prompt with its seed; a line that names none has the first line's seed and one more for every line since.
        public func prompted(firstSeed: UInt64 = 1) -> PromptedSeed {
            PromptedSeed(prompt: prompt, seed: seed ?? firstSeed &+ UInt64(number - 1))
        }
    }

    /// At least one.
    public let lines: [Line]

    /// - Parameter path: `-` is standard input.
    /// - Throws: `PromptFileError`, with the line, and if there is no prompt.
    public init(path: String) throws(PromptFileError) {
        let bytes: Data
        do {
            bytes = try path == "-" ? FileHandle.standardInput.readToEnd() ?? Data() : WholeFile.read(path)
        } catch {
            throw PromptFileError(
                .unreadable, path: path, "it cannot be read (\(error.reason)); name a file of prompts")
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw PromptFileError(.damaged, path: path, "it is no text in UTF-8; save it as such")
        }
        try self.init(text: text, path: path)
    }

    /// - Parameter path: what errors call the text.
    /// - Throws: as `init(path:)`.
    public init(text: String, path: String) throws(PromptFileError) {
        var lines: [Line] = []
        // Whatever system the file comes from: its newlines and a byte-order mark are no part of a prompt.
        let blank = CharacterSet.whitespaces.union(CharacterSet(charactersIn: "\u{FEFF}"))
        for (index, raw) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let line = raw.trimmingCharacters(in: blank)
            guard !line.isEmpty, !line.hasPrefix("#") else { continue }
            lines.append(try PromptFile.line(line, number: index + 1, path: path))
        }
        guard !lines.isEmpty else {
            throw PromptFileError(.damaged, path: path, "it has no prompt; write one a line")
        }
        self.lines = lines
    }

    private struct Entry: Decodable {
        let prompt: String
        let seed: UInt64?
    }

    private static func line(_ text: String, number: Int, path: String) throws(PromptFileError) -> Line {
        guard text.hasPrefix("{") else { return Line(number: number, prompt: text, seed: nil) }
        guard let entry = try? JSONDecoder().decode(Entry.self, from: Data(text.utf8)) else {
            throw PromptFileError(
                .damaged, path: path,
                "line \(number) is no JSON object with a \"prompt\" in quotes and, if any, a \"seed\" from 0 to 2⁶⁴ − 1"
            )
        }
        return Line(number: number, prompt: entry.prompt, seed: entry.seed)
    }
}

/// A list of prompts that cannot be read.
public struct PromptFileError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Code: Hashable, Sendable {
        /// The file is not there or may not be read.
        case unreadable
        /// The file is there but is no list of prompts.
        case damaged
    }

    public let code: Code
    public let path: String
    /// What went wrong and what to do about it.
    public let message: String

    init(_ code: Code, path: String, _ message: String) {
        self.code = code
        self.path = path
        self.message = message
    }

    public var description: String { "\(path == "-" ? "standard input" : path): \(message)" }
}
