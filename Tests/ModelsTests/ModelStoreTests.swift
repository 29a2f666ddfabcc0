import Foundation
import Models
import Testing

@Suite struct ModelStoreTests {
    @Test func modelsAreFoundInBothCollectionsOfARoot() throws {
        let root = try TemporaryFolder()
        try root.write(ManifestFiles.shared, to: "EdgeModels/tiny-shared/manifest.json")
        try root.write(ManifestFiles.draft, to: "EdgeModels/tiny-draft/manifest.json")
        try root.write(ManifestFiles.verifier, to: "CloudModels/tiny-verifier/manifest.json")
        try root.write("not a model", to: "CloudModels/training/README")
        let store = ModelStore(roots: [root.path])
        #expect(
            store.listings().map(\.path) == [
                root.path + "/EdgeModels/tiny-draft", root.path + "/EdgeModels/tiny-shared",
                root.path + "/CloudModels/tiny-verifier",
            ])
        for id in ["tiny-shared", "tiny-draft", "tiny-verifier"] {
            #expect(try store.folder(id: id).manifest.id == id)
        }
    }

    @Test func aPlainFolderOfModelsIsARootToo() throws {
        let root = try TemporaryFolder()
        try root.write(ManifestFiles.draft, to: "any name/manifest.json")
        #expect(try ModelStore(roots: [root.path]).folder(id: "tiny-draft").path == root.path + "/any name")
    }

    @Test func theFirstRootWins() throws {
        let (first, second) = (try TemporaryFolder(), try TemporaryFolder())
        for root in [first, second] { try root.write(ManifestFiles.draft, to: "tiny-draft/manifest.json") }
        let store = ModelStore(roots: ["/nowhere", second.path, first.path])
        #expect(try store.folder(id: "tiny-draft").path == second.path + "/tiny-draft")
    }

    @Test func anUnknownIDIsAnsweredWithTheKnownOnesAndThePlaces() throws {
        let root = try TemporaryFolder()
        try root.write(ManifestFiles.verifier, to: "CloudModels/tiny-verifier/manifest.json")
        try root.write(ManifestFiles.draft, to: "CloudModels/tiny-draft/manifest.json")
        let places = [root.path + "/CloudModels", "/nowhere"]
        let error = ModelError.notFound(
            id: "other", searched: places, available: ["tiny-draft", "tiny-verifier"])
        #expect(throws: error) { try ModelStore(roots: [root.path, "/nowhere"]).folder(id: "other") }
        for text in places + ["other", "tiny-draft", "tiny-verifier"] {
            #expect(error.description.contains(text))
        }
    }

    @Test func aBrokenModelHidesNoOtherAndSaysWhatIsBroken() throws {
        let root = try TemporaryFolder()
        try root.write(ManifestFiles.draft, to: "tiny-draft/manifest.json")
        try root.write("{", to: "broken/manifest.json")
        let store = ModelStore(roots: [root.path])
        #expect(store.listings().count == 2)
        #expect(try store.folder(id: "tiny-draft").manifest.id == "tiny-draft")
        #expect(throws: ModelError.malformed(file: root.path + "/broken/manifest.json", reason: "it is not JSON")) {
            try store.folder(id: "broken")
        }
    }

    @Test func aManifestThatIsNoPlainFileIsRefused() throws {
        let root = try TemporaryFolder()
        try root.write("", to: "folder/manifest.json/file")
        try root.write("", to: "pipe/nothing")
        #expect(mkfifo(root.path + "/pipe/manifest.json", 0o600) == 0)
        for name in ["folder", "pipe"] {
            #expect {
                try ModelFolder(path: root.path + "/" + name)
            } throws: { error in
                guard case ModelError.unreadable = error else { return false }
                return true
            }
        }
        #expect(throws: ModelError.missingFile(file: root.path + "/none/manifest.json")) {
            try ModelFolder(path: root.path + "/none")
        }
    }

    @Test func aLinkToAFileIsFollowed() throws {
        let root = try TemporaryFolder()
        try root.write(ManifestFiles.draft, to: "elsewhere/text.json")
        try root.write("", to: "linked/nothing")
        try FileManager.default.createSymbolicLink(
            atPath: root.path + "/linked/manifest.json", withDestinationPath: root.path + "/elsewhere/text.json")
        #expect(try ModelStore(roots: [root.path]).folder(id: "tiny-draft").path == root.path + "/linked")
    }

    @Test func anEndlessManifestIsRefusedUnread() throws {
        let root = try TemporaryFolder()
        try root.write([UInt8](repeating: 0x20, count: 2_000_000), to: "large/manifest.json")
        #expect {
            try ModelFolder(path: root.path + "/large")
        } throws: { error in
            guard case ModelError.malformed(_, let reason) = error else { return false }
            return reason.contains("2000000 bytes")
        }
    }
}
