import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct FileTests {
    @Test func mappedFileHasTheFilesBytes() throws {
        let bytes = (0..<10_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try withTemporaryFile("data", bytes) { path in
            let file = try MappedFile(path: path)
            #expect(file.withBytes { Array($0) } == bytes)
        }
    }

    @Test func emptyFileHasNoBytes() throws {
        try withTemporaryFile("data", []) { path in
            let file = try MappedFile(path: path)
            #expect(file.withBytes { $0.isEmpty })
        }
    }

    /// Overwritten, and then cut to nothing, which would end the process if the file were mapped.
    @Test func aCopyIsNotReachedByWhatBecomesOfTheFile() throws {
        let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try withTemporaryFile("data", bytes) { path in
            let file = try MappedFile(copying: path)
            let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
            try handle.write(contentsOf: Data(count: 1000))
            try handle.truncate(atOffset: 0)
            #expect(file.withBytes { Array($0) } == bytes)
            #expect(try MappedFile(copying: path).withBytes { $0.isEmpty })
        }
    }

    @Test func mappingOutlivesTheFilesName() throws {
        let tensor = try withTemporaryFile("data", [0, 0, 0x80, 0x3F]) { path in
            Tensor(shape: [1], elementType: .float32, storage: try MappedFile(path: path))
        }
        #expect(tensor.floats() == [1])
    }

    @Test func missingFileAndFolderAreTypedErrors() throws {
        try withTemporaryFile { path in
            let missing = try #require(throws: FileError.self) { try MappedFile(path: path) }
            #expect(throws: FileError.self) { try MappedFile(copying: path) }
            #expect(missing.operation == .open)
            #expect(missing.description == "cannot open \(path): No such file or directory; check the path")

            let folder = (path as NSString).deletingLastPathComponent
            let error = try #require(throws: FileError.self) { try MappedFile(path: folder) }
            #expect(error.reason == "it is not a regular file; give the file itself")
            #expect(throws: FileError.self) { try FileDigest(path: path) }
            #expect(throws: FileError.self) { try FileDigest(path: folder) }
        }
    }

    /// FIPS 180-4's examples, as published with the standard.
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func digestOfKnownTextIsTheStandards(_ text: String, _ digest: String) throws {
        let inMemory = try Array(text.utf8).withUnsafeBytes { try FileDigest($0) }
        #expect(inMemory.hexadecimal == digest)
        try withTemporaryFile("text", Array(text.utf8)) { path in
            let streamed = try FileDigest(path: path)
            #expect(streamed == inMemory)
        }
    }

    /// A million times "a": more than one piece of the stream.
    @Test func digestStreamsOverLongFiles() throws {
        let bytes = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000)
        let expected = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        let digest = try withTemporaryFile("a", bytes) { try FileDigest(path: $0) }
        #expect(digest.hexadecimal == expected)
        let twice = bytes + bytes
        let streamed = try withTemporaryFile("b", twice) { try FileDigest(path: $0) }
        let inMemory = try twice.withUnsafeBytes { try FileDigest($0) }
        #expect(streamed == inMemory)
    }
}
