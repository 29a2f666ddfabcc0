import BaseDirectories
public import Foundation

/// Under what conditions an experiment was made; the report's small print, kept beside the runs.
public struct ExperimentFacts: Hashable, Sendable, Codable {
    public var processor: String
    public var processorCount: Int
    public var system: String
    /// What made the networks.
    public var shaping: String
    /// What held the edges to their share.
    public var throttling: String
    public var verifier: String
    public var program: String

    public init(
        processor: String, processorCount: Int, system: String, shaping: String, throttling: String, verifier: String,
        program: String
    ) {
        self.processor = processor
        self.processorCount = processorCount
        self.system = system
        self.shaping = shaping
        self.throttling = throttling
        self.verifier = verifier
        self.program = program
    }

    /// The facts in an experiment's folder; nil if there are none that can be read.
    public static func kept(in folder: URL) -> ExperimentFacts? {
        FileManager.default.contents(atPath: file(in: folder).path)
            .flatMap { try? JSONDecoder().decode(ExperimentFacts.self, from: $0) }
    }

    func keep(in folder: URL) throws(LabError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let file = ExperimentFacts.file(in: folder)
        do {
            try encoder.encode(self).write(to: file, options: .atomic)
        } catch {
            throw .notWritable(path: file.path, reason: error.reason)
        }
    }

    private static func file(in folder: URL) -> URL { folder.appendingPathComponent("facts.json") }
}

/// Whether this machine's kernel can make networks by itself.
public enum KernelShaping {
    /// Tries `tc netem` in a network namespace of its own, where it harms nobody.
    ///
    /// - Returns: what came of it, in words.
    public static func netem() -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["unshare", "-n", "tc", "qdisc", "add", "dev", "lo", "root", "netem", "delay", "1ms"]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        do {
            try process.run()
        } catch {
            return "cannot be tried here"
        }
        process.waitUntilExit()
        return process.terminationStatus == 0
            ? "this kernel has it" : "not to be had here (no netem in the kernel, no tc, or no right to use it)"
    }
}
