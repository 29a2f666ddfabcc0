import BaseDirectories
import Foundation
import Pictures

/// A folder of pictures by arm, in the layout that `python -m underpaint_training evaluate --pictures` reads.
final class Gallery {
    /// A line of `pictures.jsonl`.
    struct Label: Codable {
        let arm: String
        let seed: UInt64
        let prompt: String
        let fields: [String: String?]
        /// Inside the folder.
        var file: String
        let verifierEvaluations: Int
        let reentryStep: Int
        let handoffStep: Int
        let stepCount: Int
        let verifierStepCount: Int
    }

    private let folder: URL
    private var lines: [String] = []

    /// - Throws: `LabError.notWritable`.
    init(folder: String) throws(LabError) {
        self.folder = URL(fileURLWithPath: folder)
        try Gallery.make(self.folder)
    }

    /// Writes a picture and remembers its label.
    ///
    /// - Throws: `LabError.notWritable`, or what the PNG writer throws.
    func hang(_ picture: Picture, _ label: Label) throws {
        var label = label
        label.file = "\(label.arm)/\(label.seed).png"
        let file = folder.appendingPathComponent(label.file)
        try Gallery.make(file.deletingLastPathComponent())
        let bytes = try PNG.encode(picture)
        do {
            try Data(bytes).write(to: file, options: .atomic)
        } catch {
            throw LabError.notWritable(path: file.path, reason: error.reason)
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        lines.append(String(decoding: try encoder.encode(label), as: UTF8.self))
    }

    /// Writes the labels.
    ///
    /// - Throws: `LabError.notWritable`.
    func finish() throws(LabError) {
        let file = folder.appendingPathComponent("pictures.jsonl")
        do {
            try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: file, options: .atomic)
        } catch {
            throw .notWritable(path: file.path, reason: error.reason)
        }
    }

    private static func make(_ folder: URL) throws(LabError) {
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        } catch {
            throw .notWritable(path: folder.path, reason: error.reason)
        }
    }
}
