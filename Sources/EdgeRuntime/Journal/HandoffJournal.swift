import BaseDirectories
public import Foundation
public import Speculation

/// A folder of hand-off files, one for each picture that waits for a verifier.
///
/// A file is written before the job is sent and removed when the picture is safe on disk, so nothing that the
/// draft made is ever lost to a network or a crash.
public struct HandoffJournal: Hashable, Sendable {
    public let folder: URL
    private static let suffix = "handoff"

    public init(folder: URL) {
        self.folder = folder
    }

    /// The user's: `$XDG_STATE_HOME/underpaint/unfinished`.
    public static func standard(environment: [String: String]) -> HandoffJournal {
        HandoffJournal(folder: BaseDirectory.state.ours("unfinished", environment: environment))
    }

    /// Where the picture of a job is kept.
    public func file(for id: JobID) -> URL {
        folder.appendingPathComponent(id.text).appendingPathExtension(HandoffJournal.suffix)
    }

    /// The file of a picture that is called as `underpaint resume` calls it: by its job's id, by a file anywhere, or by the
    /// beginning of the id where no other picture's begins so.
    ///
    /// - Throws: `JournalError` with `notFound`.
    public func file(named name: String) throws(JournalError) -> URL {
        let files = [JobID(name).map { self.file(for: $0) }, URL(fileURLWithPath: name)].compactMap { $0 }
        if let file = files.first(where: { FileManager.default.fileExists(atPath: $0.path) }) { return file }
        let kept = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        let alike = kept.filter { $0.hasPrefix(name) && $0.hasSuffix(".\(HandoffJournal.suffix)") }
        guard !name.isEmpty, alike.count == 1 else { throw JournalError.notFound(URL(fileURLWithPath: name)) }
        return folder.appendingPathComponent(alike[0])
    }

    /// What `underpaint resume` calls a picture: its job's id, or its file where that is not one of this journal.
    public func name(of id: JobID, keptIn file: URL) -> String {
        self.file(for: id).standardizedFileURL.path == file.standardizedFileURL.path ? id.text : file.path
    }

    /// Refuses a folder that cannot be written, or has no room, before any work is spent on what shall be kept in it.
    ///
    /// - Throws: `JournalError` with `notWritable`.
    public func checkWritable() throws(JournalError) {
        do {
            try BaseDirectory.make(folder)
        } catch {
            throw notWritable(folder, error.reason)
        }
        let probe = folder.appendingPathComponent(".room-\(UUID().uuidString)")
        do {
            try Data().write(to: probe)
            let file = try FileHandle(forWritingTo: probe)
            // Nameless from now on, so that a kill leaves nothing.
            try FileManager.default.removeItem(at: probe)
            try file.write(contentsOf: Data(count: HandoffJournal.roomOfOne))
            try file.close()
        } catch {
            throw notWritable(folder, error.reason)
        }
    }

    /// Keeps a picture and holds its file, so that nobody else takes it up; replaces what the job's file held.
    ///
    /// - Throws: `JournalError` with `notWritable`.
    @discardableResult
    public func keep(_ picture: UnfinishedPicture) throws(JournalError) -> HandoffFile {
        let file = file(for: picture.job.id)
        do {
            try BaseDirectory.make(folder)
            return try HandoffFile(writing: try picture.fileContents(), to: file)
        } catch {
            throw notWritable(file, error.reason)
        }
    }

    /// More bytes than a hand-off takes.
    private static let roomOfOne = 64 * 1024

    private func notWritable(_ place: URL, _ reason: String) -> JournalError {
        JournalError(
            .notWritable, path: place.path,
            "the hand-off cannot be kept (\(reason)); "
                + "free some room or point $XDG_STATE_HOME to a folder that can be written")
    }

    /// Forgets a picture that nobody works on. A file that is gone already is no error.
    ///
    /// One of this journal is forgotten however it looks inside; a file that is elsewhere must be a hand-off file.
    /// - Throws: `JournalError` with `inUse`, `notWritable` or `damaged`.
    public func forget(_ file: URL) throws(JournalError) {
        let held: HandoffFile
        do throws(JournalError) {
            held = try HandoffFile(holding: file)
        } catch {
            if error.code == .notFound { return }
            throw error
        }
        let place = file.deletingLastPathComponent().standardizedFileURL.path
        if place != folder.standardizedFileURL.path { _ = try HandoffJournal.read(file) }
        try held.remove()
    }

    /// The picture in a hand-off file anywhere.
    ///
    /// - Throws: `JournalError` with `notFound` or `damaged`.
    public static func read(_ file: URL) throws(JournalError) -> UnfinishedPicture {
        guard let contents = FileManager.default.contents(atPath: file.path) else {
            guard FileManager.default.fileExists(atPath: file.path) else { throw JournalError.notFound(file) }
            throw JournalError(.damaged, path: file.path, "it cannot be read")
        }
        var picture = try UnfinishedPicture(contents: contents, path: file.path)
        picture.file = HandoffFile(file)
        return picture
    }

    /// The picture in a hand-off file anywhere, to work on: nobody else can take it while its `file` is held.
    ///
    /// - Throws: `JournalError` with `inUse`, or as `read`.
    public static func take(_ file: URL) throws(JournalError) -> UnfinishedPicture {
        let held = try HandoffFile(holding: file)
        var picture = try read(file)
        picture.file = held
        return picture
    }

    /// A hand-off file and what is in it.
    public struct Entry: Sendable {
        public let file: URL
        /// What is in it, or why it is damaged.
        public let picture: Result<UnfinishedPicture, JournalError>

        public init(_ file: URL) {
            self.file = file
            do throws(JournalError) {
                picture = .success(try HandoffJournal.read(file))
            } catch {
                picture = .failure(error)
            }
        }

        /// Whether somebody works on the picture now.
        public var isInUse: Bool { HandoffFile.isInUse(file) }
    }

    /// All files, oldest first, those that are damaged last; none where nothing was ever kept.
    ///
    /// - Throws: `JournalError` with `damaged` where the folder cannot be read.
    public func all() throws(JournalError) -> [Entry] {
        let files: [URL]
        do {
            files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
                .map { folder.appendingPathComponent($0) }
        } catch let error as CocoaError where error.code == .fileReadNoSuchFile {
            return []
        } catch {
            throw JournalError(
                .damaged, path: folder.path,
                "the hand-offs cannot be listed (\(error.reason)); make the folder readable, "
                    + "or point $XDG_STATE_HOME to another one")
        }
        return files.filter { $0.pathExtension == HandoffJournal.suffix }
            .map { file -> (age: Age, entry: Entry) in
                let entry = Entry(file)
                return (Age(entry), entry)
            }
            .sorted { $0.age < $1.age }
            .map { $0.entry }
    }

    /// When a picture was begun, as exactly as it is kept, and when its file was written.
    private struct Age: Comparable {
        let begun: Date
        let written: Date

        init(_ entry: Entry) {
            begun = (try? entry.picture.get())?.createdAt ?? .distantFuture
            let values = try? entry.file.resourceValues(forKeys: [.contentModificationDateKey])
            written = values?.contentModificationDate ?? .distantFuture
        }

        static func < (a: Age, b: Age) -> Bool { (a.begun, a.written) < (b.begun, b.written) }
    }
}
