import CLibcrypto

/// SHA-256 (FIPS 180-4), as manifests name files by.
public struct FileDigest: Hashable, Sendable, CustomStringConvertible {
    /// 32 bytes.
    public let bytes: [UInt8]

    /// The digest of a file, read piece by piece.
    public init(path: String) throws(FileError) {
        let file = try OpenFile(reading: path)
        _ = try file.byteCount()
        let hash = Hash()
        let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
        defer { piece.deallocate() }
        while true {
            let count = try file.read(into: piece)
            guard count > 0 else { break }
            hash.update(UnsafeRawBufferPointer(rebasing: piece[..<count]))
        }
        guard let bytes = hash.finish() else { throw FileDigest.unavailable(path) }
        self.bytes = bytes
    }

    /// The digest of bytes in memory.
    public init(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        let hash = Hash()
        hash.update(bytes)
        guard let digest = hash.finish() else { throw FileDigest.unavailable("memory") }
        self.bytes = digest
    }

    /// 64 lower-case hexadecimal digits.
    public var hexadecimal: String {
        String(decoding: bytes.flatMap { [FileDigest.digit($0 >> 4), FileDigest.digit($0 & 15)] }, as: UTF8.self)
    }

    public var description: String { hexadecimal }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }

    private static func unavailable(_ path: String) -> FileError {
        FileError(path: path, operation: .digest, reason: "libcrypto offers no SHA-256; check its configuration")
    }
}

/// A running SHA-256. A failure of libcrypto sticks until `finish`.
private final class Hash {
    private let context: OpaquePointer?
    private var isSound: Bool

    init() {
        context = EVP_MD_CTX_new()
        isSound = context != nil && EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1
    }

    deinit { EVP_MD_CTX_free(context) }

    func update(_ bytes: UnsafeRawBufferPointer) {
        isSound = isSound && EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1
    }

    func finish() -> [UInt8]? {
        var digest = [UInt8](repeating: 0, count: 32)
        guard isSound, EVP_DigestFinal_ex(context, &digest, nil) == 1 else { return nil }
        return digest
    }
}
