import Foundation
import Tensors
import Testing

@Suite struct FixtureTests {
    @Test func everyFixtureIsTheOneThatWasMade() throws {
        let index = try Fixtures.index()
        #expect(index.format == 1)
        #expect(index.files.count == 11)
        for (path, digest) in index.files {
            #expect(try FileDigest(path: Fixtures.folder + "/" + path).hexadecimal == digest, "\(path)")
        }
    }
}
