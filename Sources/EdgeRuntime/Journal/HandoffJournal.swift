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

    /// The folder that the XDG base directory rules give for state: `$XDG_STATE_HOME/underpaint/unfinished`.
    public static func standard(environment: [String: String]) -> HandoffJournal {
        let state =
            if let configured = environment["XDG_STATE_HOME"], configured.hasPrefix("/") {
                URL(fileURLWithPath: configured, isDirectory: true)
            } else {
                FileManager.default.homeDirectoryForCurrentUser.appendingPathComponent(".local/state")
            }
        return HandoffJournal(folder: state.appendingPathComponent("underpaint/unfinished", isDirectory: true))
    }

    /// Where the picture of a job is kept.
    public func file(for id: JobID) -> URL {
        folder.appendingPathComponent(id.text).appendingPathExtension(HandoffJournal.suffix)
    }

    /// Keeps a picture; replaces what the job's file held.
    ///
    /// - Throws: `JournalError` with `notWritable`.
    public func keep(_ picture: UnfinishedPicture) throws(JournalError) {
        let file = file(for: picture.job.id)
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try picture.fileContents().write(to: file, options: .atomic)
        } catch {
            throw JournalError(
                .notWritable, path: file.path,
                "the hand-off cannot be kept (\(error.localizedDescription)); "
                    + "free some room or point $XDG_STATE_HOME to a folder that can be written")
        }
    }

    /// Forgets a picture that is finished. A file that is gone already is no error.
    public func forget(_ id: JobID) {
        try? FileManager.default.removeItem(at: file(for: id))
    }

    /// The picture of a job.
    ///
    /// - Throws: `JournalError` with `notFound` or `damaged`.
    public func picture(of id: JobID) throws(JournalError) -> UnfinishedPicture {
        try HandoffJournal.read(file(for: id))
    }

    /// The picture in a hand-off file anywhere.
    ///
    /// - Throws: `JournalError` with `notFound` or `damaged`.
    public static func read(_ file: URL) throws(JournalError) -> UnfinishedPicture {
        guard let contents = FileManager.default.contents(atPath: file.path) else {
            throw JournalError(
                .notFound, path: file.path, "there is no such hand-off file; `underpaint resume --list` shows them")
        }
        return try UnfinishedPicture(contents: contents, path: file.path)
    }

    /// All files, oldest first; one that is damaged comes with its error.
    public func all() -> [(file: URL, picture: Result<UnfinishedPicture, JournalError>)] {
        let files = (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
        return files.filter { $0.pathExtension == HandoffJournal.suffix }
            .map { file -> (age: Age, file: URL, picture: Result<UnfinishedPicture, JournalError>) in
                do throws(JournalError) {
                    let picture = try HandoffJournal.read(file)
                    return (Age(picture.createdAt, file), file, .success(picture))
                } catch {
                    return (Age(.distantFuture, file), file, .failure(error))
                }
            }
            .sorted { $0.age < $1.age }
            .map { ($0.file, $0.picture) }
    }

    /// When a picture was begun, to the second as it is kept, and when its file was written.
    private struct Age: Comparable {
        let begun: Date
        let written: Date

        init(_ begun: Date, _ file: URL) {
            self.begun = begun
            let values = try? file.resourceValues(forKeys: [.contentModificationDateKey])
            written = values?.contentModificationDate ?? .distantFuture
        }

        static func < (a: Age, b: Age) -> Bool { (a.begun, a.written) < (b.begun, b.written) }
    }
}
