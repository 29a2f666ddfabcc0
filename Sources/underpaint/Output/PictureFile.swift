import BaseDirectories
import EdgeRuntime
import Foundation
import Pictures
import Speculation

/// Where pictures are written.
struct PictureFile: Hashable {
    let url: URL
    /// The folder that was asked for in place of a file.
    private let askedFolder: String?

    /// `-o` as it is, or with what tells a picture from its fellows put in before the suffix; without `-o`,
    /// `underpaint-SEED.png` in the current folder, and of a list `underpaint-line-NUMBER.png`.
    ///
    /// - Parameters:
    ///   - number: the line of the prompt, for a list of them.
    ///   - seed: put in where there are several of a prompt.
    init(output: String?, number: Int?, seed: UInt64, hasFellows: Bool) {
        let path = output ?? (number == nil ? "underpaint.png" : "underpaint-line.png")
        askedFolder = PictureFile.folder(path)
        let asked = PictureFile.named(path)
        guard !PictureFile.isSuffixAlone(asked) else {
            url = asked
            return
        }
        let stem = asked.deletingPathExtension()
        var parts = [stem.lastPathComponent]
        if let number { parts.append("\(number)") }
        if hasFellows || (output == nil && number == nil) { parts.append("\(seed)") }
        url = stem.deletingLastPathComponent().appendingPathComponent(parts.joined(separator: "-"))
            .appendingPathExtension(asked.pathExtension)
    }

    /// What somebody asks for by name; a PNG file where it has no suffix.
    init(asked path: String) {
        askedFolder = PictureFile.folder(path)
        url = PictureFile.named(path)
    }

    private static func named(_ path: String) -> URL {
        let url = URL(fileURLWithPath: path)
        guard url.pathExtension.isEmpty, !isSuffixAlone(url), !WholeFile.isSpecial(path) else { return url }
        return url.appendingPathExtension("png")
    }

    private static func isSuffixAlone(_ url: URL) -> Bool {
        [".png", ".webp"].contains(url.lastPathComponent.lowercased())
    }

    init(path: String) {
        askedFolder = PictureFile.folder(path)
        url = URL(fileURLWithPath: path)
    }

    /// What a path names, if that is a folder, be it one that is still to be made; else nil.
    private static func folder(_ path: String) -> String? {
        let named = URL(fileURLWithPath: path).path
        var isFolder: ObjCBool = false
        let isThere = FileManager.default.fileExists(atPath: named, isDirectory: &isFolder)
        return path.hasSuffix("/") || (isThere && isFolder.boolValue) ? named : nil
    }

    var exists: Bool { FileManager.default.fileExists(atPath: url.path) }

    /// Whether there is a file that was written after a moment.
    func isNewer(than moment: Date) -> Bool {
        let attributes = try? FileManager.default.attributesOfItem(atPath: url.path)
        return (attributes?[.modificationDate] as? Date).map { $0 > moment } ?? false
    }

    var isWebP: Bool { url.pathExtension.lowercased() == "webp" }

    /// The format that the name asks for.
    func format(quality: WebPQuality) -> PictureFormat { isWebP ? .webp(quality: quality.value) : .png }

    /// The format that the name asks for, of the quality that the picture was asked for when it was begun.
    func format(of job: VerificationJob) -> PictureFormat {
        format(quality: job.result == .webp ? WebPQuality(value: job.pictureQuality) : .usual)
    }

    /// Refuses a place that cannot be written before any work is spent on the picture.
    func checkWritable() throws {
        if let folder = askedFolder ?? PictureFile.folder(url.path) {
            throw Failure(
                ExitStatus.cannotCreate, "\(folder) names a folder; choose a file in it, for example picture.png")
        }
        let name = url.lastPathComponent
        guard !["-", "-.png"].contains(name), !PictureFile.isSuffixAlone(url), name.utf8.count <= 255
        else {
            throw Failure(
                ExitStatus.cannotCreate,
                "\(name.prefix(80)) is no name for a picture\(name.hasPrefix("-") ? ", and none goes to standard output" : ""); "
                    + "choose one like picture.png")
        }
        if WholeFile.isSpecial(url.path) {
            guard FileManager.default.isWritableFile(atPath: url.path) else {
                throw Failure(ExitStatus.cannotCreate, "\(url.path) cannot be written; choose another place")
            }
            return
        }
        let folder = url.deletingLastPathComponent().path
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
            throw Failure(ExitStatus.cannotCreate, "\(folder) is no folder; make it first or choose another place")
        }
        guard isWebP || url.pathExtension.lowercased() == "png" else {
            throw Failure(
                ExitStatus.cannotCreate,
                "pictures are written as PNG or WebP, not .\(url.pathExtension); choose a name in .png or .webp")
        }
        guard FileManager.default.isWritableFile(atPath: folder) else {
            throw Failure(ExitStatus.cannotCreate, "\(folder) cannot be written; choose another place")
        }
    }

    /// Writes a picture; says of one that is kept how it can still be had where it cannot be written.
    func write(_ finished: FinishedPicture, as format: PictureFormat) throws {
        do {
            try write(try finished.file(as: format))
        } catch {
            let failure = Failure(error)
            guard let kept = finished.handoff else { throw failure }
            let name = Workbench.journal.name(of: finished.job.id, keptIn: kept.url)
            throw Failure(
                failure.status,
                "\(failure.message)\nThe picture is kept: underpaint resume \(name) -o FILE finishes it")
        }
    }

    /// Writes the file whole or not at all; a pipe or a device gets the bytes.
    func write(_ bytes: [UInt8]) throws {
        do {
            try WholeFile.write(Data(bytes), to: url)
        } catch {
            throw Failure(
                ExitStatus.cannotCreate,
                "\(url.path) cannot be written (\(error.reason)); free some room or choose another place"
            )
        }
    }
}
