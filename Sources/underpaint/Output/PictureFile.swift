import EdgeRuntime
import Foundation
import Pictures
import Speculation

/// Where pictures are written.
struct PictureFile: Hashable {
    let url: URL

    /// The place of picture `index` of `count`: `-o` as it is for one picture, with the seed before the suffix for
    /// several; without `-o`, `underpaint-SEED.png` in the current folder.
    init(output: String?, seed: UInt64, count: Int) {
        guard let output else {
            url = URL(fileURLWithPath: "underpaint-\(seed).png")
            return
        }
        let asked = URL(fileURLWithPath: output)
        let suffix = asked.pathExtension.isEmpty ? "png" : asked.pathExtension
        let stem = asked.deletingPathExtension()
        url =
            count == 1
            ? stem.appendingPathExtension(suffix)
            : stem.deletingLastPathComponent()
                .appendingPathComponent("\(stem.lastPathComponent)-\(seed)").appendingPathExtension(suffix)
    }

    init(path: String) {
        url = URL(fileURLWithPath: path)
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
