public import Foundation
import Synchronization

/// The file of an unfinished picture and, while this process works on the picture, its hold on the file.
///
/// A hold is an advisory lock of the file itself, so it ends with the process however that ends, and goes where the file
/// goes. It ends earlier when the picture is forgotten or nobody has this value any more.
public final class HandoffFile: Sendable {
    public let url: URL
    /// Of the open file that is locked; nil without a hold.
    private let descriptor: Mutex<Int32?>

    /// A file that others may work on.
    init(_ url: URL) {
        self.url = url
        descriptor = Mutex<Int32?>(nil)
    }

    private init(_ url: URL, heldBy held: Int32) {
        self.url = url
        descriptor = Mutex<Int32?>(held)
    }

    deinit { release() }

    /// Holds a file that is there, whatever is in it.
    ///
    /// - Throws: `JournalError` with `notFound`, `inUse` where somebody else holds it, or `damaged` where it cannot be read.
    convenience init(holding url: URL) throws(JournalError) {
        self.init(url, heldBy: try HandoffFile.hold(url))
    }

    /// Writes a file whole or not at all, and holds it from the moment that it is there.
    ///
    /// - Throws: `JournalError` or `CocoaError`.
    convenience init(writing contents: Data, to url: URL) throws {
        let fresh = url.appendingPathExtension("new")
        defer { unlink(fresh.path) }
        try contents.write(to: fresh)
        let held = try HandoffFile.hold(fresh)
        guard rename(fresh.path, url.path) == 0 else {
            close(held)
            throw CocoaError(.fileWriteUnknown)
        }
        self.init(url, heldBy: held)
    }

    /// Whether somebody works on the picture of a file.
    static func isInUse(_ url: URL) -> Bool {
        do throws(JournalError) {
            // Others who only look do not seem to work on it.
            close(try hold(url, LOCK_SH))
            return false
        } catch {
            return error.code == .inUse
        }
    }

    /// Removes the file and ends the hold. A file that is gone already is no error.
    ///
    /// - Throws: `JournalError` with `notWritable`.
    func remove() throws(JournalError) {
        defer { release() }
        guard unlink(url.path) != 0 else { return }
        let code = errno
        guard code != ENOENT else { return }
        throw JournalError(
            .notWritable, path: url.path,
            "the hand-off cannot be removed (\(String(cString: strerror(code)))); remove the file by hand")
    }

    private func release() {
        descriptor.withLock { held in
            if let descriptor = held { close(descriptor) }
            held = nil
        }
    }

    /// Whether the open file could be locked.
    private static func lock(_ descriptor: Int32, _ kind: Int32) -> Bool {
        for _ in 0..<50 {
            // Where the file system knows no locks nobody else has one either.
            if flock(descriptor, kind | LOCK_NB) == 0 || errno != EWOULDBLOCK { return true }
            // Whoever only looks is gone in a moment.
            guard kind == LOCK_EX, flock(descriptor, LOCK_SH | LOCK_NB) == 0 else { return false }
            flock(descriptor, LOCK_UN)
            usleep(1000)
        }
        return false
    }

    /// The descriptor of the locked file.
    private static func hold(_ url: URL, _ kind: Int32 = LOCK_EX) throws(JournalError) -> Int32 {
        // Network file systems lock only what may be written; what may only be read can be finished all the same.
        var descriptor = open(url.path, O_RDWR | O_CLOEXEC)
        if descriptor < 0 { descriptor = open(url.path, O_RDONLY | O_CLOEXEC) }
        guard descriptor >= 0 else {
            let code = errno
            guard code != ENOENT, code != ENOTDIR else { throw JournalError.notFound(url) }
            throw JournalError(.damaged, path: url.path, "it cannot be read (\(String(cString: strerror(code))))")
        }
        guard lock(descriptor, kind) else {
            close(descriptor)
            throw JournalError(
                .inUse, path: url.path,
                "another underpaint works on this picture; wait until it is done, or stop it first")
        }
        // Who had it before may have finished the picture between the opening and the lock.
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_nlink > 0 else {
            close(descriptor)
            throw JournalError.notFound(url)
        }
        return descriptor
    }
}

extension HandoffFile: Hashable {
    public static func == (a: HandoffFile, b: HandoffFile) -> Bool { a.url == b.url }

    public func hash(into hasher: inout Hasher) { hasher.combine(url) }
}
