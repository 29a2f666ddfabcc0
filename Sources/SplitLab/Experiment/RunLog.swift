import BaseDirectories
public import Foundation

/// The file of an experiment's runs, one JSON object a line, written so that a kill loses the run in progress at most.
public final class RunLog {
    public let file: URL
    public private(set) var records: [RunRecord]
    private let handle: FileHandle
    private let encoder = JSONEncoder()

    /// Opens a file, or begins it. A last line without its end, as a kill may leave it, is cut off.
    ///
    /// - Throws: `LabError.damagedFile` with the number of a line that is no run, or `.notWritable`.
    public init(file: URL) throws(LabError) {
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        self.file = file
        if !FileManager.default.fileExists(atPath: file.path) {
            guard FileManager.default.createFile(atPath: file.path, contents: nil) else {
                throw .notWritable(path: file.path, reason: "it cannot be created; choose another --out")
            }
        }
        do {
            handle = try FileHandle(forUpdating: file)
        } catch {
            throw .notWritable(path: file.path, reason: error.reason)
        }
        // Two that write to one file would cut off each other's lines.
        guard flock(handle.fileDescriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK else {
            throw .notWritable(
                path: file.path, reason: "another lab writes to it; wait until it is done, or choose another --out")
        }
        let (records, wholeBytes) = try RunLog.read(file)
        self.records = records
        do {
            try handle.truncate(atOffset: UInt64(wholeBytes))
        } catch {
            throw .notWritable(path: file.path, reason: error.reason)
        }
    }

    /// The runs in a file, whatever its last line is.
    ///
    /// - Throws: `LabError.damagedFile`.
    public static func records(in file: URL) throws(LabError) -> [RunRecord] {
        try read(file).records
    }

    /// Adds a run; when this returns it is on the disk.
    ///
    /// - Throws: `LabError.notWritable`.
    public func append(_ record: RunRecord) throws(LabError) {
        do {
            var line = try encoder.encode(record)
            line.append(UInt8(ascii: "\n"))
            try handle.write(contentsOf: line)
            try handle.synchronize()
        } catch {
            throw .notWritable(path: file.path, reason: error.reason)
        }
        records.append(record)
    }

    private static func read(_ file: URL) throws(LabError) -> (records: [RunRecord], wholeBytes: Int) {
        guard let contents = FileManager.default.contents(atPath: file.path) else {
            throw .damagedFile(path: file.path, reason: "there is no such file, or it may not be read")
        }
        let wholeBytes = contents.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 - contents.startIndex } ?? 0
        let decoder = JSONDecoder()
        var records: [RunRecord] = []
        let lines = contents.prefix(wholeBytes).split(separator: UInt8(ascii: "\n"))
        for (number, line) in lines.enumerated() {
            guard let record = try? decoder.decode(RunRecord.self, from: Data(line)) else {
                throw .damagedFile(
                    path: file.path, reason: "line \(number + 1) is no run; remove it or begin a new --out")
            }
            guard record.schema == RunRecord.schema, record.isPlausible else {
                throw .damagedFile(
                    path: file.path,
                    reason: "line \(number + 1) is of schema \(record.schema) or makes no sense; begin a new --out")
            }
            records.append(record)
        }
        return (records, wholeBytes)
    }
}

extension RunRecord {
    /// Whether a record can be reported on; a file may say anything.
    fileprivate var isPlausible: Bool {
        let times = [seconds.total, seconds.edge, seconds.queue, seconds.network, seconds.plan, loss]
        return stepCount > 0 && (0...stepCount).contains(draftSteps)
            && (times + seconds.stages.values).allSatisfy { $0.isFinite && $0 >= 0 && $0 < 1e9 }
            && !picture.contains("/") && !picture.hasPrefix(".")
    }
}
