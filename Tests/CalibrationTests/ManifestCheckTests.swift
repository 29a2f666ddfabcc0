import Foundation
import Models
import Speculation
import TestSupport
import Testing

@testable import SplitLab

@Suite struct ManifestCheckTests {
    /// The tiny verifier's manifest, as the Python exporter wrote it.
    private func fixture() throws -> [UInt8] {
        let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Fixtures/tiny/CloudModels/studio-verifier/manifest.json")
        return [UInt8](try Data(contentsOf: path))
    }

    private func calibration(of bytes: [UInt8]) throws -> CheckCalibration? {
        try ModelManifest(parsing: bytes, file: "manifest.json").denoiser?.check?.calibration
    }

    @Test func theSectionIsReplacedAndNothingElse() throws {
        let old = try fixture()
        var known = try #require(try calibration(of: old))
        known.samples = 512
        known.quantile = 0.9
        let last = known.levels.indices.last ?? 0
        known.levels[last].earlyNoiseFaults = known.levels[last].noiseFaults
        let new = try #require(try ManifestCheck.inserting(known, into: old))
        #expect(try calibration(of: new) == known)
        // What stands before and after the section, byte for byte.
        let (before, after) = (try outside(old), try outside(new))
        #expect(before == after)
        #expect(try ManifestCheck.inserting(known, into: new) == new)
    }

    @Test func aSectionIsAddedWhereTheExporterWouldHavePutIt() throws {
        let whole = try fixture()
        let known = try #require(try calibration(of: whole))
        let members = try #require(TopLevelMembers(whole)).all
        let place = try #require(members.firstIndex { $0.name == "check" })
        let bare = Array(whole[..<members[place].range.lowerBound] + whole[members[place + 1].range.lowerBound...])
        #expect(try calibration(of: bare) == nil)
        let completed = try #require(try ManifestCheck.inserting(known, into: bare))
        #expect(try calibration(of: completed) == known)
        #expect(try outside(completed) == outside(whole))
        let names = try #require(TopLevelMembers(completed)).all.map(\.name)
        #expect(names == names.sorted())
    }

    @Test func aSectionAfterAllOthersAndInACompactObjectIsFound() throws {
        let known = try #require(try calibration(of: fixture()))
        for text in [
            #"{"a":1}"#, #"{"a":{"check":[1,"}"]}, "b":"\"check\":"}"#, #"{"zebra":[{}],"check":null}"#,
            #"{ "check" : {"x":1} , "d": 2 }"#,
        ] {
            let new = try #require(try ManifestCheck.inserting(known, into: Array(text.utf8)))
            let object = try #require(try JSONSerialization.jsonObject(with: Data(new)) as? [String: Any])
            let old = try #require(
                try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
            #expect((object["check"] as? [String: Any])?["version"] as? Int == 1)
            #expect(Set(object.keys) == Set(old.keys).union(["check"]))
        }
        #expect(try ManifestCheck.inserting(known, into: Array("[1]".utf8)) == nil)
        #expect(try ManifestCheck.inserting(known, into: Array("{".utf8)) == nil)
    }

    @Test func aFileIsWrittenWholeOrNotAtAll() throws {
        let bytes = try fixture()
        var known = try #require(try calibration(of: bytes))
        known.samples = 77
        try withTemporaryFile("manifest.json", bytes) { path in
            try ManifestCheck.write(known, to: path)
            #expect(try calibration(of: [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))) == known)
            var broken = known
            broken.samples = 0
            #expect(throws: LabError.self) { try ManifestCheck.write(broken, to: path) }
            #expect(try calibration(of: [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))) == known)
        }
        #expect(throws: LabError.self) { try ManifestCheck.write(known, to: "/nowhere/manifest.json") }
    }

    private func outside(_ bytes: [UInt8]) throws -> [[UInt8]] {
        let members = try #require(TopLevelMembers(bytes)).all
        let check = try #require(members.first { $0.name == "check" })
        return [Array(bytes[..<check.range.lowerBound]), Array(bytes[check.range.upperBound...])]
    }
}
