import BaseDirectories
import Foundation

extension ModelStore {
    /// The store that the programs use.
    ///
    /// - Parameter folder: a folder that the user named; nil looks in `$UNDERPAINT_MODELS`, and without it in the
    ///   checkout that the running program was built in, the current folder and the user's data folder.
    public static func standard(_ folder: String?) -> ModelStore {
        let environment = ProcessInfo.processInfo.environment
        if let folder = folder ?? environment["UNDERPAINT_MODELS"].flatMap({ $0.isEmpty ? nil : $0 }) {
            return ModelStore(roots: [folder])
        }
        let current = FileManager.default.currentDirectoryPath
        let checkout = checkout.flatMap { $0 == current ? nil : $0 }
        return ModelStore(
            roots: [checkout, current, BaseDirectory.data.ours(environment: environment).path].compactMap { $0 })
    }

    /// The folder above the running program that has `EdgeModels/`: a build stands in its `.build/…/release`.
    public static var checkout: String? {
        guard let program = Bundle.main.executableURL?.resolvingSymlinksInPath() else { return nil }
        var folder = program.deletingLastPathComponent()
        while folder.path != "/" {
            if FileManager.default.fileExists(atPath: folder.appendingPathComponent("EdgeModels").path) {
                return folder.path
            }
            folder.deleteLastPathComponent()
        }
        return nil
    }
}
