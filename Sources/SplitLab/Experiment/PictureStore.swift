import BaseDirectories
import EdgeRuntime
public import Foundation
public import Pictures

/// The pictures of an experiment: a folder of PNG files named by their pixels, so that equal ones are kept once.
public struct PictureStore: Sendable {
    public let folder: URL

    public init(folder: URL) {
        self.folder = folder
    }

    /// Where the edge writes a picture before it has its name.
    var workFile: URL { folder.appendingPathComponent("work.png") }

    /// Gives the picture that was just written its name.
    ///
    /// - Returns: the file's name and the picture.
    /// - Throws: `LabError`.
    func take() throws(LabError) -> (name: String, picture: Picture) {
        let picture = try read(workFile)
        let digits = String(fnv1a(picture.rgb), radix: 16)
        let name = String(repeating: "0", count: 16 - digits.count) + digits + ".png"
        let file = folder.appendingPathComponent(name)
        do {
            if FileManager.default.fileExists(atPath: file.path) {
                try FileManager.default.removeItem(at: workFile)
            } else {
                try FileManager.default.moveItem(at: workFile, to: file)
            }
        } catch {
            throw .notWritable(path: file.path, reason: error.reason)
        }
        return (name, picture)
    }

    /// A picture by its file's name.
    ///
    /// - Throws: `LabError.damagedFile`.
    public func picture(named name: String) throws(LabError) -> Picture {
        try read(folder.appendingPathComponent(name))
    }

    private func read(_ file: URL) throws(LabError) -> Picture {
        guard let bytes = FileManager.default.contents(atPath: file.path) else {
            throw .damagedFile(path: file.path, reason: "it is missing")
        }
        do {
            return try PNG.decode([UInt8](bytes)).picture
        } catch {
            throw .damagedFile(path: file.path, reason: error.message)
        }
    }
}
