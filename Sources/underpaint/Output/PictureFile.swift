import EdgeRuntime
import Foundation
import Pictures
import Speculation

/// Where pictures are written.
struct PictureFile: Hashable {
    let url: URL

    /// `-o` as it is, or with what tells a picture from its fellows put in before the suffix; without `-o`,
    /// `underpaint-….png` in the current folder, which has the seed in it where nothing else is.
    ///
    /// - Parameters:
    ///   - number: the line of the prompt, for a list of them.
    ///   - seed: put in where there are several of a prompt.
    init(output: String?, number: Int?, seed: UInt64, hasFellows: Bool) {
        let asked = URL(fileURLWithPath: output ?? "underpaint.png")
        let suffix = asked.pathExtension.isEmpty ? "png" : asked.pathExtension
        let stem = asked.deletingPathExtension()
        var parts = [stem.lastPathComponent]
        if let number { parts.append("\(number)") }
        if hasFellows || (output == nil && number == nil) { parts.append("\(seed)") }
        url = stem.deletingLastPathComponent().appendingPathComponent(parts.joined(separator: "-"))
            .appendingPathExtension(suffix)
    }

    init(path: String) {
        url = URL(fileURLWithPath: path)
    }

    var exists: Bool { FileManager.default.fileExists(atPath: url.path) }

    var isWebP: Bool { url.pathExtension.lowercased() == "webp" }

    /// The format that the name asks for.
    func format(quality: WebPQuality) -> PictureFormat { isWebP ? .webp(quality: quality.value) : .png }

    /// The format that the name asks for, of the quality that the picture was asked for when it was begun.
    func format(of job: VerificationJob) -> PictureFormat {
        format(quality: job.result == .webp ? WebPQuality(value: job.pictureQuality) : .usual)
    }

    /// Refuses a place that cannot be written before any work is spent on the picture.
    func checkWritable() throws {
        let folder = url.deletingLastPathComponent().path
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
            throw Failure(ExitStatus.cannotCreate, "\(folder) is no folder; make it first or choose another --output")
        }
        guard isWebP || url.pathExtension.lowercased() == "png" else {
            throw Failure(
                ExitStatus.cannotCreate,
                "pictures are written as PNG or WebP, not .\(url.pathExtension); choose a name in .png or .webp")
        }
        guard FileManager.default.isWritableFile(atPath: folder) else {
            throw Failure(ExitStatus.cannotCreate, "\(folder) cannot be written; choose another --output")
        }
    }

    /// Writes the file whole or not at all.
    func write(_ bytes: [UInt8]) throws {
        do {
            try Data(bytes).write(to: url, options: .atomic)
        } catch {
            throw Failure(
                ExitStatus.cannotCreate,
                "\(url.path) cannot be written (\(error.localizedDescription)); free some room or choose another --output"
            )
        }
    }
}
