import BaseDirectories
import Foundation
import Testing

@Suite struct WholeFileTests {
    private func withFolder(_ body: (URL) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder)
    }

    @Test func aPipeIsReadAndWrittenAsOne() throws {
        try withFolder { folder in
            let pipe = folder.appendingPathComponent("pipe")
            #expect(mkfifo(pipe.path, 0o600) == 0 && WholeFile.isSpecial(pipe.path))
            let bytes = Data("some bytes".utf8)
            #expect(throws: POSIXError.self, "nobody reads it") { try WholeFile.write(bytes, to: pipe) }
            let writer = Thread { while (try? WholeFile.write(bytes, to: pipe)) == nil { usleep(1000) } }
            writer.start()
            let found = try WholeFile.read(pipe.path)
            #expect(found == bytes)
            #expect(WholeFile.isSpecial(pipe.path), "it is no file now")
        }
    }

    @Test func aFileIsReplacedAndALinkStays() throws {
        try withFolder { folder in
            let (file, link) = (folder.appendingPathComponent("file"), folder.appendingPathComponent("link"))
            try FileManager.default.createSymbolicLink(atPath: link.path, withDestinationPath: "file")
            for text in ["one", "two"] {
                try WholeFile.write(Data(text.utf8), to: link)
                #expect(try WholeFile.read(file.path) == Data(text.utf8))
            }
            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link.path) == "file")
            #expect(!WholeFile.isSpecial(file.path) && !WholeFile.isSpecial(folder.path))
        }
    }

    @Test func theSystemsWordsAreGiven() throws {
        try withFolder { folder in
            let read = #expect(throws: (any Error).self) { try WholeFile.read(folder.path) }
            #expect(read?.reason == "Is a directory")
            let written = #expect(throws: (any Error).self) {
                try WholeFile.write(Data([1]), to: URL(fileURLWithPath: "/dev/full"))
            }
            #expect(written?.reason == "No space left on device")
        }
    }
}
