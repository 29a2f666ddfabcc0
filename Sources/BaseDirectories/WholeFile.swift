package import Foundation

/// Files that are read and written whole.
package enum WholeFile {
    /// All that a file holds, or that comes out of a pipe: `<(pass token)` is one.
    ///
    /// - Throws: `CocoaError`, whose `reason` says why it cannot be read.
    package static func read(_ path: String) throws -> Data {
        try FileHandle(forReadingFrom: URL(fileURLWithPath: path)).readToEnd() ?? Data()
    }

    /// Writes a file whole or not at all. A link stays one, and a device, or a pipe that somebody reads, gets the bytes.
    ///
    /// - Throws: `CocoaError` or `POSIXError`, whose `reason` says why it cannot be written.
    package static func write(_ bytes: Data, to url: URL) throws {
        guard isSpecial(url.path) else { return try bytes.write(to: target(of: url), options: .atomic) }
        // Else a pipe that nobody reads would hold up the thread, and nothing but a kill would free it.
        let descriptor = open(url.path, O_WRONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
        _ = fcntl(descriptor, F_SETFL, 0)
        let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        try file.write(contentsOf: bytes)
    }

    /// Where a chain of links leads, be it to what is not there yet.
    private static func target(of url: URL) -> URL {
        var url = url
        // As many as Linux follows.
        for _ in 0..<40 {
            guard let next = try? FileManager.default.destinationOfSymbolicLink(atPath: url.path) else { break }
            url = URL(fileURLWithPath: next, relativeTo: url.deletingLastPathComponent())
        }
        return url
    }

    /// Whether there is something that is neither a file nor a folder.
    package static func isSpecial(_ path: String) -> Bool {
        var status = stat()
        guard stat(path, &status) == 0 else { return false }
        return ![S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT)
    }
}
