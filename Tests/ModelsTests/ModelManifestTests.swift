import Diffusion
import Foundation
import Models
import Speculation
import Testing

@Suite struct ModelManifestTests {
    @Test func aVerifiersManifestIsReadWhole() throws {
        let manifest = try ManifestFiles.parse(ManifestFiles.verifier)
        let denoiser = try #require(manifest.denoiser)
        #expect(manifest.id == "tiny-verifier")
        #expect(manifest.role == .verifier)
        #expect(manifest.files["weights"]?.path == "verifier.safetensors")
        #expect(
            denoiser.architecture
                == DiffusionTransformer(
                    width: 32, headCount: 2, layerCount: 2, patchSize: 2, latentChannelCount: 4, textWidth: 8,
                    textTokenCount: 6, hasGuidanceInput: false))
        #expect(try denoiser.schedule.times().stepCount == 25)
        #expect(denoiser.guidance.default == 3)
        #expect(denoiser.sizes == [PictureSize(width: 128, height: 128)])
        #expect(denoiser.partners == ["tiny-draft"])
        #expect(denoiser.quality?.isUnderstood == true)
        #expect(
            denoiser.quality?.modes["handoff"]
                == QualityMeasurement.Curve(
                    fractions: [0, 0.4, 0.8], losses: [0, 0.01, 0.03], evaluationShares: [1, 0.9, 0.4]))
        let check = try #require(denoiser.check?.calibration)
        #expect(check.levels.map(\.time) == [0.43, 0.6])
        #expect(check.prompt.verifierFaults.keys.sorted() == ["color", "object"])
        #expect(check.prompt.null.value(at: 0.5) == 0.4)
        #expect(manifest.training == nil)
        let critic = try #require(denoiser.critic)
        #expect(critic.answers == [.prompt, .likeness])
        let first = try ManifestFiles.parse(ManifestFiles.changing(ManifestFiles.verifier, "critic.answers", to: nil))
        #expect(first.denoiser?.critic?.answers == [.prompt])
        #expect(critic.tokenSpacing == 2 && critic.trunk.patchSize == 4 && critic.trunk.textWidth == 8)
    }

    @Test func aDraftHasNoCritic() throws {
        let critic =
            #"{"kind":"critic","width":16,"headCount":2,"layerCount":1,"patchSize":4,"latentChannelCount":4,"#
            + #""textWidth":8,"textTokenCount":6,"guidanceEmbedding":false,"tokenSpacing":2}"#
        let file = #"{"path":"critic.safetensors","bytes":10,"sha256":"\#(String(repeating: "0", count: 64))"}"#
        let text = try ManifestFiles.changing(
            ManifestFiles.changing(ManifestFiles.draft, "critic", to: critic), "files.critic", to: file)
        #expect(throws: ModelError.self) { try ManifestFiles.parse(text) }
    }

    @Test func aVerifierNeedsNoCritic() throws {
        let text = try ManifestFiles.changing(
            ManifestFiles.changing(ManifestFiles.verifier, "critic", to: nil), "files.critic", to: nil)
        #expect(try ManifestFiles.parse(text).denoiser?.critic == nil)
    }

    @Test(
        "a critic that cannot be",
        arguments: [
            ("files.critic", nil, "files.critic"), ("critic.kind", #""dit""#, "kind"), ("critic.width", "17", "width"),
            ("critic.tokenSpacing", "0", "tokenSpacing"), ("critic.guidanceEmbedding", "true", "guidance"),
            ("critic.latentChannelCount", "8", "denoiser's"), ("critic.textWidth", "16", "denoiser's"),
            ("critic.answers", "[]", "answers"), ("critic.answers", #"["likeness"]"#, "answers"),
            ("critic.answers", #"["prompt","prompt"]"#, "answers"),
        ])
    func isRefused(path: String, value: String?, reason: String) throws {
        let text = try ManifestFiles.changing(ManifestFiles.verifier, path, to: value)
        let error = #expect(throws: ModelError.self) { try ManifestFiles.parse(text) }
        #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
    }

    @Test func aCheckIsReadWithTheCriticItNames() throws {
        let digest = String(repeating: "0123456789abcdef", count: 4)
        let rule = try ManifestFiles.changing(
            ManifestFiles.verifier, "check.rule", to: #""promptDoubt+estimateDistance""#)
        func check(critic: String?) throws -> ModelManifest {
            try ManifestFiles.parse(ManifestFiles.changing(rule, "check.critic", to: critic.map { "\"\($0)\"" }))
        }
        #expect(try check(critic: digest).denoiser?.check?.calibration?.promptStatistic == .promptDoubt)
        // A rule that asks one names it, and one that asks the verifier does not.
        #expect(throws: ModelError.self) { try check(critic: nil) }
        let mixed = try ManifestFiles.changing(ManifestFiles.verifier, "check.critic", to: "\"\(digest)\"")
        #expect(throws: ModelError.self) { try ManifestFiles.parse(mixed) }
    }

    @Test func aDraftsTrainingAndASharedModelsStatisticsAreRead() throws {
        #expect(try ManifestFiles.parse(ManifestFiles.draft).training?.metrics == ["loss": 0.25])
        guard case .shared(let shared) = try ManifestFiles.parse(ManifestFiles.shared).content else {
            Issue.record("a shared manifest has another role")
            return
        }
        #expect(shared.latent.standardDeviation == [1, 2, 0.5, 1.5])
        #expect(shared.architecture.vaeDecoder.widths == [8, 6, 4])
    }

    @Test(arguments: ManifestFiles.all)
    func whatIsWrittenIsReadBackTheSame(text: String) throws {
        let manifest = try ManifestFiles.parse(text)
        let again = try ModelManifest(parsing: [UInt8](JSONEncoder().encode(manifest)), file: "again")
        #expect(again == manifest)
    }

    @Test func aManifestWithoutAQualityCurveIsReadToo() throws {
        let text = try ManifestFiles.changing(ManifestFiles.verifier, "quality", to: nil)
        #expect(try ManifestFiles.parse(text).denoiser?.quality == nil)
        let other = try ManifestFiles.changing(ManifestFiles.verifier, "quality.statistic", to: #""taste""#)
        #expect(try ManifestFiles.parse(other).denoiser?.quality?.isUnderstood == false)
    }

    @Test(arguments: [
        ("stepCount", "0"), ("samples", "-1"), ("modes", "[]"), ("draft", "null"), ("modes.handoff.fractions", "[]"),
        ("modes.handoff.fractions", "[0,0.4]"), ("modes.handoff.fractions", "[0,0.8,0.4]"),
        ("modes.handoff.fractions", "[0,0.4,1.5]"), ("modes.handoff.fractions", "[0,0.4,0.4]"),
        ("modes.handoff.losses", "[0,-0.1,0]"), ("modes.handoff.losses", "[0,1]"),
        ("modes.handoff.evaluationShares", #"["much",1,1]"#), ("modes.handoff.evaluationShares", "[1,1,-1]"),
    ])
    func aQualityCurveThatMakesNoSenseIsRefused(path: String, json: String) throws {
        let text = try ManifestFiles.changing(ManifestFiles.verifier, "quality.\(path)", to: json)
        let error = #expect(throws: ModelError.self) { try ManifestFiles.parse(text) }
        #expect(error?.description.contains("quality") == true)
    }

    @Test func anUnknownRuleLeavesTheModelUsable() throws {
        let text = try ManifestFiles.changing(ManifestFiles.verifier, "check.rule", to: #""taste""#)
        #expect(try ManifestFiles.parse(text).denoiser?.check == .unknown(rule: "taste", version: 1))
        let old = try ManifestFiles.changing(
            ManifestFiles.verifier, "check",
            to: #"{"statistic":"guidedEstimateDistance","levels":[0.6],"thresholds":[0.3]}"#)
        #expect(try ManifestFiles.parse(old).denoiser?.check == .unknown(rule: "guidedEstimateDistance", version: 0))
        let none = try ManifestFiles.changing(ManifestFiles.verifier, "check", to: nil)
        #expect(try ManifestFiles.parse(none).denoiser?.check == nil)
    }

    @Test(arguments: [
        ("check.rule", "7"), ("check.version", #""one""#), ("check.samples", "0"), ("check.quantile", "1"),
        ("check.levels", "[]"), ("check.prompt.times", "[0]"), ("check.prompt.times", "[0.9,0.7]"),
        ("check.prompt.null", "[1,2]"), ("check.prompt.null", "[0,1,2,3,4,5,6,7,9,8]"),
        ("check.prompt.draftFaults", "{\"color\":[]}"), ("check.handoffStep", "26"), ("check.stepCount", "-9"),
        ("check", "{}"), ("check", "[]"),
    ])
    func aCheckThatCannotBeIsMalformed(path: String, json: String) throws {
        try expectMalformed(ManifestFiles.changing(ManifestFiles.verifier, path, to: json))
    }

    @Test func figuresOfAGroupAreNamedAfterItAndOthersLeftOut() throws {
        let text = try ManifestFiles.changing(
            ManifestFiles.draft, "training.metrics", to: #"{"psnr":{"mean":34,"least":30.5},"note":"soft","a":[1]}"#)
        #expect(try ManifestFiles.parse(text).training?.metrics == ["psnr.mean": 34, "psnr.least": 30.5])
    }

    @Test func fieldsOfLaterMakersAreIgnored() throws {
        let text = try ManifestFiles.changing(ManifestFiles.draft, "remark", to: "[1, {}]")
        #expect(try ManifestFiles.parse(text) == ManifestFiles.parse(ManifestFiles.draft))
    }

    @Test(arguments: [0, 2, -1, 1_000_000])
    func anotherFormatIsNamed(format: Int) throws {
        let text = try ManifestFiles.changing(ManifestFiles.draft, "format", to: "\(format)")
        #expect(throws: ModelError.unsupportedFormat(file: "manifest.json", found: format, supported: 1)) {
            try ManifestFiles.parse(text)
        }
    }

    @Test(arguments: [
        "format", "id", "version", "family", "role", "files", "files.weights", "files.weights.path",
        "files.weights.bytes", "files.weights.sha256", "architecture", "architecture.kind",
        "architecture.width", "architecture.headCount", "architecture.layerCount", "architecture.patchSize",
        "architecture.latentChannelCount", "architecture.textWidth", "architecture.textTokenCount",
        "architecture.guidanceEmbedding", "parameterisation", "schedule", "schedule.kind", "schedule.shift",
        "schedule.defaultStepCount", "guidance", "guidance.default", "guidance.minimum", "guidance.maximum",
        "sizes", "shared", "partners",
    ])
    func aMissingOrMistypedFieldOfADenoiserIsNamed(path: String) throws {
        try expectFault(ManifestFiles.draft, at: path)
    }

    @Test(arguments: [
        "files.vocabulary", "files.textEncoder", "files.vaeDecoder", "architecture", "architecture.textEncoder",
        "architecture.textEncoder.vocabularySize", "architecture.vaeDecoder", "architecture.vaeDecoder.widths",
        "latent", "latent.channelCount", "latent.mean", "latent.standardDeviation",
    ])
    func aMissingOrMistypedFieldOfASharedModelIsNamed(path: String) throws {
        try expectFault(ManifestFiles.shared, at: path)
    }

    @Test(
        "numbers that no sum or product may meet",
        arguments: [
            ("files.weights.bytes", "\(1 << 62)"), ("files.weights.bytes", "0"),
            ("sizes", #"[{"width":4611686018427387904,"height":4}]"#), ("sizes", #"[{"width":256,"height":0}]"#),
        ])
    func aNumberBeyondAllUseIsNamed(path: String, json: String) throws {
        let faulty = try ManifestFiles.changing(ManifestFiles.draft, path, to: json)
        let error = try #require(throws: ModelError.self) { try ManifestFiles.parse(faulty) }
        let name = path.split(separator: ".").last.map(String.init) ?? path
        #expect("\(error)".contains(name))
    }

    private func expectFault(
        _ text: String, at path: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        for json in [nil, "null", #"{"no":"such"}"#, "[true]"] {
            let faulty = try ManifestFiles.changing(text, path, to: json)
            #expect(sourceLocation: sourceLocation) {
                try ManifestFiles.parse(faulty)
            } throws: { error in
                guard case ModelError.malformed("manifest.json", let reason) = error else { return false }
                // Inside the field something may be the first to be missed.
                return reason.contains(path)
            }
        }
    }

    @Test(arguments: [
        ("family", #""dream""#), ("role", #""judge""#), ("id", #""""#), ("id", #""../x""#), ("id", #"".x""#),
        ("id", #""A""#), ("files.weights.bytes", "0"), ("files.weights.bytes", "-5"),
        ("files.weights.bytes", "1.5"), ("files.weights.sha256", #""abc""#),
        ("architecture.kind", #""unet""#), ("architecture.width", "0"), ("architecture.width", "18"),
        ("architecture.width", "9223372036854775807"), ("architecture.headCount", "0"),
        ("architecture.headCount", "-2"), ("architecture.layerCount", "1000000"),
        ("architecture.patchSize", "0"), ("architecture.latentChannelCount", "-1"),
        ("architecture.textTokenCount", "100000"), ("parameterisation", #""epsilon""#),
        ("schedule.kind", #""karras""#), ("schedule.shift", "0"), ("schedule.shift", "-3"),
        ("schedule.defaultStepCount", "0"), ("schedule.defaultStepCount", "1000001"),
        ("guidance.minimum", "4"), ("guidance.maximum", "2"), ("guidance.maximum", "1e9"),
        ("sizes", #"[{"width":0,"height":128}]"#), ("check", #"{"levels":[0.5],"thresholds":[1]}"#),
        ("training", #"{"samples":"many"}"#),
    ])
    func aDenoiserThatCannotBeIsMalformed(path: String, json: String) throws {
        try expectMalformed(ManifestFiles.changing(ManifestFiles.draft, path, to: json))
    }

    @Test(arguments: [
        ("architecture.textEncoder.headCount", "3"), ("architecture.textEncoder.headCount", "0"),
        ("architecture.textEncoder.vocabularySize", "1"), ("architecture.textEncoder.tokenCount", "-1"),
        ("architecture.vaeDecoder.widths", "[]"), ("architecture.vaeDecoder.widths", "[8,0,4]"),
        ("architecture.vaeDecoder.widths", "[8,6]"), ("architecture.vaeDecoder.scaleFactor", "4"),
        ("architecture.vaeDecoder.blocksPerStage", "1000"), ("architecture.vaeDecoder.latentChannelCount", "8"),
        ("latent.channelCount", "5"), ("latent.mean", "[0,0,0]"), ("latent.standardDeviation", "[1,1,1,0]"),
        ("latent.standardDeviation", "[1,1,1,-1]"), ("latent.mean", "[1e39,0,0,0]"),
    ])
    func aSharedModelThatCannotBeIsMalformed(path: String, json: String) throws {
        try expectMalformed(ManifestFiles.changing(ManifestFiles.shared, path, to: json))
    }

    @Test(arguments: ["", "{", "[]", "null", "7", #"{"format":1"#, "\u{FEFF}", "{\"format\":1}\u{0}"])
    func whatIsNoManifestIsMalformed(text: String) throws {
        try expectMalformed(text)
    }

    @Test func deepNestingIsMalformed() throws {
        try expectMalformed(
            #"{"format":1,"x":"# + String(repeating: "[", count: 100_000)
                + String(repeating: "]", count: 100_000) + "}")
    }

    private func expectMalformed(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        #expect(sourceLocation: sourceLocation) {
            try ManifestFiles.parse(text)
        } throws: { error in
            guard case ModelError.malformed("manifest.json", _) = error else { return false }
            return true
        }
    }

    @Test(arguments: [
        "", "/etc/passwd", "../draft.safetensors", "a/../../b", "./a", "a//b", "a/", "..", "a\\\\b", "a\\u0000b",
        "a\\nb",
    ])
    func aPathOutOfTheFolderIsRefused(path: String) throws {
        let text = try ManifestFiles.changing(ManifestFiles.draft, "files.weights.path", to: "\"\(path)\"")
        #expect {
            try ManifestFiles.parse(text)
        } throws: { error in
            guard case ModelError.unsafePath("manifest.json", _) = error else { return false }
            return true
        }
    }

    @Test func aPathIntoASubfolderIsFine() throws {
        let text = try ManifestFiles.changing(
            ManifestFiles.draft, "files.weights.path", to: #""weights/part..1.safetensors""#)
        #expect(try ManifestFiles.parse(text).files["weights"]?.path == "weights/part..1.safetensors")
    }
}
