import Foundation
import Tensors

/// A file in memory, so that what was checked is what is used, whatever happens to the file meanwhile.
struct CheckedFile {
    let path: String
    let contents: MappedFile

    var bytes: UnsafeRawBufferPointer { contents.bytes }

    /// Reads a plain file, links followed.
    ///
    /// - Throws: `ModelError.missingFile` or `.unreadable`.
    init(path: String) throws(ModelError) {
        let target = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        guard FileManager.default.fileExists(atPath: target) else { throw .missingFile(file: path) }
        // Opening a pipe would wait for somebody to write into it.
        let attributes = try? FileManager.default.attributesOfItem(atPath: target)
        guard attributes?[.type] as? FileAttributeType == .typeRegular else {
            throw .unreadable(file: path, reason: "it is not a plain file")
        }
        do {
            contents = try MappedFile(copying: path)
        } catch {
            throw .unreadable(file: path, reason: error.reason)
        }
        self.path = path
    }

    /// Reads a file of at most so many bytes.
    init(path: String, maximumBytes: Int) throws(ModelError) {
        try self.init(path: path)
        guard bytes.count <= maximumBytes else {
            throw .malformed(
                file: path, reason: "\(bytes.count) bytes are more than the \(maximumBytes) that it may have")
        }
    }

    /// Reads a file and compares its size, and then its SHA-256, with what a manifest says.
    ///
    /// - Throws: besides, `ModelError.truncated` or `.tampered`.
    init(path: String, expecting entry: ManifestFile) throws(ModelError) {
        try self.init(path: path)
        guard bytes.count == entry.bytes else {
            throw .truncated(file: path, expectedBytes: entry.bytes, foundBytes: bytes.count)
        }
        let digest: String
        do {
            digest = try FileDigest(bytes).hexadecimal
        } catch {
            throw .unreadable(file: path, reason: error.reason)
        }
        guard digest == entry.sha256 else {
            throw .tampered(file: path, expectedSHA256: entry.sha256, foundSHA256: digest)
        }
    }
}
