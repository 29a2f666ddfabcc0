import Models
import Testing

@Suite struct ModelPairingTests {
    private func check(
        draft: String = ManifestFiles.draft, verifier: String = ManifestFiles.verifier
    ) throws {
        try ModelManifest.checkPair(
            draft: ManifestFiles.parse(draft), verifier: ManifestFiles.parse(verifier))
    }

    @Test func modelsThatNameEachOtherArePaired() throws {
        try check()
    }

    @Test func oneNameIsEnough() throws {
        try check(draft: ManifestFiles.changing(ManifestFiles.draft, "partners", to: "[]"))
        try check(verifier: ManifestFiles.changing(ManifestFiles.verifier, "partners", to: "[]"))
    }

    @Test func strangersAreNoPair() throws {
        let draft = try ManifestFiles.changing(ManifestFiles.draft, "partners", to: #"["other"]"#)
        let verifier = try ManifestFiles.changing(ManifestFiles.verifier, "partners", to: "[]")
        #expect(
            throws: ModelError.incompatiblePair(
                first: "tiny-draft", second: "tiny-verifier", reason: "neither names the other as partner")
        ) {
            try check(draft: draft, verifier: verifier)
        }
    }

    @Test(arguments: [
        ("shared", #""other""#, "shared models"), ("architecture.latentChannelCount", "8", "8 channels"),
        ("schedule.shift", "1", "shifted by 1.0 and 3.0"),
    ])
    func whatDiffersIsNamed(path: String, json: String, word: String) throws {
        let draft = try ManifestFiles.changing(ManifestFiles.draft, path, to: json)
        #expect {
            try check(draft: draft)
        } throws: { error in
            guard case ModelError.incompatiblePair("tiny-draft", "tiny-verifier", let reason) = error else {
                return false
            }
            return reason.contains(word)
        }
    }

    @Test func rolesAreNotExchanged() throws {
        #expect(throws: ModelError.wrongRole(id: "tiny-verifier", expected: .draft, found: .verifier)) {
            try check(draft: ManifestFiles.verifier)
        }
        #expect(throws: ModelError.wrongRole(id: "tiny-shared", expected: .verifier, found: .shared)) {
            try check(verifier: ManifestFiles.shared)
        }
    }
}
