import Foundation

/// A certificate of a test's own for 127.0.0.1 and the key that belongs to it, in files that go with the value.
final class Certificate: Sendable {
    let folder: URL
    var file: String { folder.appending(path: "certificate.pem").path }
    var keyFile: String { folder.appending(path: "key.pem").path }

    struct OpenSSLFailed: Error {
        let status: Int32
    }

    /// Good for two days.
    init() throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "underpaint-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let openssl = Process()
        openssl.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        openssl.arguments = [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
            "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", keyFile,
            "-out", file,
        ]
        openssl.standardError = FileHandle.nullDevice
        try openssl.run()
        openssl.waitUntilExit()
        guard openssl.terminationStatus == 0 else { throw OpenSSLFailed(status: openssl.terminationStatus) }
    }

    deinit { try? FileManager.default.removeItem(at: folder) }
}
