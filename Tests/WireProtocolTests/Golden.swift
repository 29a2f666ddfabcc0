import Foundation

/// The committed bytes under `Protocol/golden`.
enum Golden {
    static func bytes(_ name: String) throws -> [UInt8] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Protocol/golden")
        return try Array(Data(contentsOf: folder.appending(path: name)))
    }
}
