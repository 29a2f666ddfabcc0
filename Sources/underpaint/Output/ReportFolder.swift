import BaseDirectories
import Foundation

/// The folder that an experiment writes to; made if it is not there.
struct ReportFolder {
    let url: URL

    init(_ path: String) throws {
        url = URL(fileURLWithPath: path, isDirectory: true)
        do {
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        } catch {
            throw Failure(ExitStatus.cannotCreate, "\(path) cannot be made: \(error.reason)")
        }
    }

    /// Writes `name.json` and, for people, `name.md`.
    func write(_ report: some Encodable, _ markdown: String, as name: String) throws {
        let files = [("json", try report.readableJSON()), ("md", Data(markdown.utf8))]
        for (suffix, contents) in files {
            let file = url.appendingPathComponent(name).appendingPathExtension(suffix)
            do {
                try contents.write(to: file, options: .atomic)
            } catch {
                throw Failure(
                    ExitStatus.cannotCreate,
                    "\(file.path) cannot be written (\(error.reason)); free some room or choose another --out"
                )
            }
        }
    }
}
