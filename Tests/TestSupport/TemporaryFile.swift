import Foundation

/// Runs `body` with a path in a folder that is removed afterwards.
public func withTemporaryFile<Result>(
    _ name: String = "file", _ bytes: [UInt8]? = nil, _ body: (String) throws -> Result
) throws -> Result {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appendingPathComponent(name)
    if let bytes { try Data(bytes).write(to: file) }
    return try body(file.path)
}
