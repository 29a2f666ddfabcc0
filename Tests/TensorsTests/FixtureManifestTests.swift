import Foundation
import Tensors
import TestSupport
import Testing

/// A fixture that is changed or lost must be loud: the numbers that tests compare with are all in there.
@Suite struct FixtureManifestTests {
    private struct Manifest: Decodable {
        /// SHA-256 of each file, by its path.
        let files: [String: String]
    }

    @Test func fixturesAreThoseOfTheManifest() throws {
        let url = URL(fileURLWithPath: "\(Fixtures.directory)/FIXTURES.json")
        let manifest = try JSONDecoder().decode(Manifest.self, from: Data(contentsOf: url))
        #expect(manifest.files["ops.safetensors"] != nil)
        for (path, digest) in manifest.files {
            let found = try FileDigest(path: "\(Fixtures.directory)/\(path)")
            #expect(found.hexadecimal == digest, "\(path)")
        }
    }
}
