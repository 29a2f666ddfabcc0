import Foundation
import Testing

/// The built program as a person runs it, with the tiny models of the fixtures.
@Suite struct CommandLineTests {
    @Test func pictureIsWrittenAndReportedAsJSON() throws {
        let folder = try Folder()
        let end = try folder.run(
            "generate", "a red mug", "--seed", "7", "--steps", "10", "--json", "--quiet", "-o", "mug.png")
        #expect(end.status == 0, "\(end.errors)")
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(end.output.utf8)) as? [String: Any])
        #expect(object["seed"] as? Int == 7)
        let report = try #require(object["report"] as? [String: Any])
        #expect(report["draftSteps"] as? Int == 8)
        #expect(folder.has("mug.png"))
    }

    @Test func theNameOfTheFileSaysItsFormat() throws {
        let folder = try Folder()
        let common = [
            "generate", "a red mug", "--seed", "7", "--steps", "4", "--preview", "live.webp", "--preview-interval", "1",
        ]
        for options in [
            ["-o", "a.webp"], ["-o", "b.webp", "--quality", "40"], ["-o", "c.webp", "--quality", "lossless"],
        ] {
            let end = try folder.run(common + options)
            #expect(end.status == 0, "\(end.errors)")
        }
        let sizes = try ["b.webp", "a.webp", "c.webp", "live.webp"].map { name in
            let bytes = try folder.contents(name)
            #expect(bytes.starts(with: Data("RIFF".utf8)), "\(name)")
            return bytes.count
        }
        #expect(sizes[0] < sizes[1] && sizes[1] < sizes[2], "\(sizes)")
        #expect(try folder.run(common + ["-o", "a.png", "--quality", "40"]).status == 64)
        #expect(try folder.run(common + ["-o", "a.webp", "--quality", "0"]).status == 64)
        #expect(try folder.run(common + ["-o", "a.jpg"]).status == 73)
    }

    @Test func aTokenThatIsNoneIsExplainedAndNotRepeated() throws {
        let folder = try Folder()
        let common = ["generate", "a red mug", "--verifier", "http://127.0.0.1:1", "-o", "mug.png", "--token-file"]
        #expect(try folder.run(common + ["nowhere"]).status == 66)
        try Data("hush\n".utf8).write(to: folder.url.appendingPathComponent("tokens"))
        let end = try folder.run(common + ["tokens"])
        #expect(end.status == 64)
        #expect(end.errors.contains("line 1 is no token") && !end.errors.contains("hush"), "\(end.errors)")
        #expect(!folder.has("mug.png"))
    }

    @Test func batchHasOneFileForEachSeedAndAnyOfThemCanBeMadeAlone() throws {
        let folder = try Folder()
        #expect(
            try folder.run("generate", "a red mug", "--seed", "3", "-b", "2", "-o", "m.png", "--steps", "4").status == 0
        )
        #expect(folder.has("m-3.png") && folder.has("m-4.png"))
        #expect(try folder.run("generate", "a red mug", "--seed", "4", "-o", "alone.png", "--steps", "4").status == 0)
        #expect(try folder.contents("alone.png") == folder.contents("m-4.png"))
    }

    @Test func aListOfPromptsIsMadeAndGoneOnWith() throws {
        let folder = try Folder()
        let list =
            "# for the shop\r\na red mug\r\n\r\n{\"prompt\": \"a green bowl\", \"seed\": 9}\r\na red zeppelin\r\n"
        try Data(list.utf8).write(to: folder.url.appendingPathComponent("shop.txt"))
        let command = ["generate", "--prompt-file", "shop.txt", "--seed", "5", "--steps", "4", "-o", "m.png", "--json"]
        let end = try folder.run(command)
        #expect(end.status == 0, "\(end.errors)")
        #expect(end.errors.contains("line 5: ") && end.errors.contains("zeppelin"))
        #expect(end.errors.contains("2/3 draft"))
        let seeds = try end.output.split(separator: "\n").map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])["seed"] as? Int
        }
        #expect(seeds == [6, 9, 9])
        let pictures = ["m-2.png", "m-4.png", "m-5.png"]
        #expect(pictures.allSatisfy(folder.has))
        #expect(
            try folder.run("generate", "a green bowl", "--seed", "9", "-o", "alone.png", "--steps", "4").status == 0)
        #expect(try folder.contents("alone.png") == folder.contents("m-4.png"))

        try FileManager.default.removeItem(at: folder.url.appendingPathComponent("m-4.png"))
        let rest = try folder.run(command + ["--skip-existing"])
        #expect(rest.output.split(separator: "\n").count == 1 && rest.errors.contains("2 of 3 pictures are there"))
        #expect(try folder.contents("alone.png") == folder.contents("m-4.png"))
    }

    @Test func theNextPictureIsDraftedWhileTheVerifierWorks() throws {
        let folder = try Folder()
        let (verifier, input, address) = try folder.startVerifier()
        defer {
            try? input.fileHandleForWriting.close()
            verifier.waitUntilExit()
        }
        let command = ["generate", "a red mug", "--seed", "5", "-b", "3", "--steps", "6"]
        let far = try folder.run(command + ["-o", "far.png", "--verifier", address])
        #expect(far.status == 0, "\(far.errors)")
        #expect(try folder.run(command + ["-o", "near.png"]).status == 0)
        for seed in 5...7 {
            #expect(try folder.contents("far-\(seed).png") == folder.contents("near-\(seed).png"))
        }
        let lines = far.errors.split(separator: "\n").map { $0.prefix { $0 != "t" && $0 != "r" } }
        #expect(lines == ["1/3 d", "2/3 d", "1/3 ve", "3/3 d", "2/3 ve", "3/3 ve"], "\(far.errors)")
    }

    @Test func whatIsAtTheVerifierIsFinishedWhenTheNextPictureFails() throws {
        let folder = try Folder()
        let (verifier, input, address) = try folder.startVerifier()
        // The list's second picture finds its disk full: the first is there all the same.
        let stem = "p"
        try FileManager.default.createSymbolicLink(
            atPath: folder.url.appendingPathComponent("p-10.png").path, withDestinationPath: "/dev/full")
        let command = ["generate", "a red mug", "--seed", "9", "-b", "3", "--steps", "6", "-o", "\(stem).png"]
        let end = try folder.run(command + ["--verifier", address])
        #expect(end.status == 73, "\(end.errors)")
        #expect(folder.has("\(stem)-9.png") && !folder.has("\(stem)-11.png"))
        #expect(end.errors.contains("The picture is kept: underpaint resume "))
        // It and the one that was drafted meanwhile wait, and the latter's draft is named.
        #expect(end.errors.contains("is kept, too"))
        #expect(try folder.run("resume", "--list").output.split(separator: "\n").count == 2)
        try input.fileHandleForWriting.close()
        verifier.waitUntilExit()
        let away = try folder.run(command + ["--verifier", address])
        #expect(away.status == 75 && away.errors.contains("is kept, too"), "\(away.errors)")
    }

    @Test func exactModeReportsItsWindows() throws {
        let folder = try Folder()
        let end = try folder.run(
            "generate", "a red mug", "--seed", "7", "--steps", "10", "--mode", "exact", "--window", "4",
            "--exact-placement", "edge", "--json", "--quiet", "-o", "mug.png")
        #expect(end.status == 0, "\(end.errors)")
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(end.output.utf8)) as? [String: Any])
        let report = try #require(object["report"] as? [String: Any])
        let verification = try #require(report["verification"] as? [String: Any])
        let exact = try #require(verification["exact"] as? [String: Any])
        #expect(exact["placement"] as? String == "edge")
        #expect(exact["judgedSteps"] as? Int == 8)
        #expect(exact["acceptanceRate"] is Double)
        #expect(folder.has("mug.png"))
        let line = try folder.run("generate", "a red mug", "--steps", "10", "--mode", "exact", "-o", "line.png").output
        #expect(line.contains("exact, ") && line.contains("rounds for 10 steps"))
    }

    @Test func theDialsOfTheCheckReachTheVerifier() throws {
        let folder = try Folder()
        func entry(_ options: String...) throws -> (step: Int?, kinds: [String]) {
            let end = try folder.run(
                ["generate", "a red mug", "--seed", "7", "--steps", "10", "--json", "--quiet", "-o", "dial.png"]
                    + options)
            #expect(end.status == 0, "\(end.errors)")
            let object = try JSONSerialization.jsonObject(with: Data(end.output.utf8)) as? [String: Any]
            let report = (object?["report"] as? [String: Any])?["verification"] as? [String: Any]
            let levels = report?["levels"] as? [[String: Any]] ?? []
            return (report?["reentryStep"] as? Int, levels.compactMap { $0["kind"] as? String })
        }
        #expect(try entry().kinds.first == "promptShortfall")
        let strict = try entry("--check-threshold", "0", "--check-levels", "0.6,0.8")
        // The hand-off and the two levels that were asked for.
        #expect(strict.step == 0 && strict.kinds == Array(repeating: "estimateDistance", count: 3))
        #expect(try entry("--check-threshold", "1e9").step == 8)
    }

    /// What would be done without is refused, and so is what would come out anyhow.
    @Test(arguments: [
        (["🍎!"], 64, "no word"), (["a red mug", "-o", "-"], 73, "standard output"),
        (["a red mug", "-o", ".webp"], 73, "no name"),
        (["a red mug", "-o", String(repeating: "p", count: 300)], 73, "no name"),
        (["a red mug", "--offline", "--handoff", "0.5"], 64, "--handoff"),
        (["a red mug", "--offline", "--check-quantile", "0.5"], 64, "--check-quantile"),
        (["a red mug", "--token-file", "none"], 64, "--token-file"),
        (["a red mug", "--verifier", "http://127.0.0.1:9", "--device", "none"], 64, "--device"),
        (["a red mug", "--preview-interval", "5"], 64, "--preview"),
        (["a red mug", "--timeout", "0"], 64, "above 0"), (["a red mug", "-W", "100"], 64, "multiples of"),
    ])
    func whatMeansNothingIsRefused(_ arguments: [String], _ status: Int32, _ words: String) throws {
        let end = try Folder().run(["generate"] + arguments)
        #expect(end.status == status && end.errors.contains(words), "\(end.errors)")
        #expect(!end.errors.contains("expect less"), "\(end.errors)")
    }

    @Test func picturesGoWhereALinkLeads() throws {
        let folder = try Folder()
        try FileManager.default.createDirectory(
            at: folder.url.appendingPathComponent("real"), withIntermediateDirectories: false)
        let link = folder.url.appendingPathComponent("link.png").path
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "real/mug.png")
        for name in ["link.png", "/dev/null"] {
            let end = try folder.run("generate", "a red mug", "--offline", "-o", name)
            #expect(end.status == 0, "\(end.errors)")
        }
        #expect(folder.has("real/mug.png"))
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "real/mug.png")
    }

    /// Where the verifier is elsewhere its weights need not be here.
    @Test func anEdgeNeedsNoVerifiersWeights() throws {
        let folder = try Folder()
        let models = folder.url.appendingPathComponent("models")
        let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Fixtures/tiny")
        try FileManager.default.copyItem(at: fixtures, to: models)
        let verifier = models.appendingPathComponent("CloudModels/studio-verifier")
        for name in try FileManager.default.contentsOfDirectory(atPath: verifier.path) where name != "manifest.json" {
            try FileManager.default.removeItem(at: verifier.appendingPathComponent(name))
        }
        let away = try folder.run(
            "generate", "a red mug", "--models", models.path, "--verifier", "http://127.0.0.1:9", "-o", "mug.png")
        #expect(away.status == 75 && away.errors.contains("no verifier answers"), "\(away.errors)")
        let here = try folder.run("generate", "a red mug", "--models", models.path, "-o", "mug.png")
        #expect(here.status == 66 && here.errors.contains("is not there"), "\(here.errors)")
    }

    /// Where OpenMP gives fewer threads than there are, kernels that counted on them would leave a part undone.
    @Test(arguments: [["OMP_THREAD_LIMIT": "1"], ["OMP_DYNAMIC": "true"], ["OMP_MAX_ACTIVE_LEVELS": "0"]])
    func whateverTheEnvironmentSaysOfThreadsThePictureIsThat(_ environment: [String: String]) throws {
        let folder = try Folder()
        let command = ["generate", "a red mug", "--seed", "3", "--handoff", "0.5", "--mode", "trust"]
        let limit = environment["OMP_THREAD_LIMIT"] ?? "3"
        let end = try folder.run(command + ["-t", "3", "-o", "found.png"], environment: environment)
        #expect(end.status == 0, "\(end.errors)")
        #expect(try folder.run(command + ["-t", limit, "-o", "expected.png"]).status == 0)
        #expect(try folder.contents("found.png") == folder.contents("expected.png"))
    }

    @Test func unknownWordsAreNamed() throws {
        let end = try Folder().run("generate", "a red zeppelin", "--steps", "4", "-o", "z.png")
        #expect(end.status == 0)
        #expect(end.errors.contains("zeppelin"))
    }

    @Test func mistakesInAListAreSaidBeforeItsFirstPicture() throws {
        let folder = try Folder()
        let file = folder.url.appendingPathComponent("shop.txt")
        let command = ["generate", "--prompt-file", "shop.txt", "--steps", "4", "-o", "m.png"]
        for (mistake, words) in [
            (#"{"prompt": " "}"#, "line 3: the prompt is empty"),
            (String(repeating: "mug ", count: 3000), "line 3: the prompt has 11999 bytes"),
            ("zeppelin", "line 3: the model knows none of the words zeppelin"),
        ] {
            try Data("a red mug\n\n\(mistake)\n".utf8).write(to: file)
            let end = try folder.run(command)
            #expect(end.status == 64 && end.errors.contains(words), "\(end.errors)")
            #expect(!folder.has("m-1.png"))
        }
        // Its first picture is there, and the others are made of its words all the same.
        try Data("x".utf8).write(to: folder.url.appendingPathComponent("z-1.png"))
        let end = try folder.run(
            "generate", "zeppelin", "--seed", "1", "-b", "2", "--steps", "4", "-o", "z.png", "--skip-existing")
        #expect(end.status == 64 && !folder.has("z-2.png"), "\(end.errors)")
    }

    @Test func aJournalThatCannotBeWrittenIsSaidBeforeAnyStep() throws {
        let folder = try Folder()
        try Data().write(to: folder.url.appendingPathComponent("state"))
        let end = try folder.run("generate", "a red mug", "--steps", "4", "-o", "mug.png")
        #expect(end.status == 73 && end.errors.contains("XDG_STATE_HOME") && !end.errors.contains("draft "))
        #expect(try folder.run("generate", "a red mug", "--steps", "4", "-o", "mug.png", "--offline").status == 0)
    }

    @Test func resultsThatCannotBePrintedAreAFailure() throws {
        let folder = try Folder()
        let generate = ["generate", "a red mug", "--steps", "4", "-o", "mug.png", "--json"]
        for arguments in [generate, ["models", "--words"], ["doctor"]] {
            let program = try folder.start(arguments, results: "/dev/full")
            program.waitUntilExit()
            #expect(program.terminationReason == .exit && program.terminationStatus == 73, "\(arguments)")
        }
        // The picture itself is safe, and nothing of it waits.
        #expect(folder.has("mug.png"))
        #expect(try folder.run("resume", "--list").output.isEmpty)
    }

    @Test func aShortDraftHasAPreviewToo() throws {
        let folder = try Folder()
        let end = try folder.run(
            "generate", "a red mug", "--steps", "4", "-o", "mug.png", "--preview", "live.png", "--preview-interval",
            "100")
        #expect(end.status == 0 && folder.has("live.png"), "\(end.errors)")
    }

    @Test func whereNobodyCanBeToldTheWorkGoesOn() throws {
        let folder = try Folder()
        let program = try folder.start(
            ["generate", "a red zeppelin", "--steps", "4", "-o", "z.png"], errors: "/dev/full")
        program.waitUntilExit()
        #expect(program.terminationReason == .exit && program.terminationStatus == 0)
        #expect(folder.has("z.png"))
    }

    @Test func aReaderThatEndsEndsNoPicture() throws {
        let folder = try Folder()
        let (errors, results) = (Pipe(), Pipe())
        let generate = ["generate", "a red mug", "--steps", "4", "-o"]
        for pipe in [errors, results] { try pipe.fileHandleForReading.close() }
        let told = try folder.start(generate + ["a.png"], errors: errors)
        told.waitUntilExit()
        #expect(told.terminationReason == .exit && told.terminationStatus == 0 && folder.has("a.png"))
        // Whoever waits for results must not take none for all.
        let asked = try folder.start(generate + ["b.png", "--json"], results: results)
        asked.waitUntilExit()
        #expect(asked.terminationReason == .exit && asked.terminationStatus == 73 && folder.has("b.png"))
    }

    @Test(
        "bad requests end with a message and their own exit code",
        arguments: [
            (["generate", ""], 64), (["generate", "mug", "-W", "100"], 64), (["generate", "mug", "--steps", "0"], 64),
            (["generate", "mug", "--handoff", "1.5"], 64), (["generate", "mug", "-o", "/nowhere/x.png"], 73),
            (["generate", "mug", "-o", "x.jpg"], 73), (["generate", "mug", "-o", "pics/"], 73),
            (["generate", "mug", "-o", "."], 73), (["generate", "mug", "--preview", "pics/"], 73),
            (["generate", "mug", "--preview", "p.png", "--handoff", "0"], 64),
            (["generate", "mug", "-o", "p.png", "--preview", "p.png"], 64),
            (["generate", "mug", "-o", "p.png", "--preview", "./p.png"], 64),
            (["generate", "mug", "--mode", "exact", "--handoff", "0.5"], 64),
            (["generate", "mug", "--mode", "exact", "--handoff", "auto"], 64),
            (["generate", "mug", "--mode", "exact", "--max-loss", "0.1"], 64),
            (["resume", "--list", "no-such-job"], 66), (["generate", "mug", "--draft-model", "none"], 66),
            (["generate", "mug", "--mode", "exact", "--window", "33"], 64),
            (["generate", "mug", "--cfg-scale", "50"], 64), (["generate", "mug", "--verifier", "ftp://x"], 64),
            (["resume", "no-such-job"], 66), (["paint"], 64), (["generate", "zeppelin"], 64),
            (["generate", "mug", "--mode", "trust", "--check-quantile", "0.9"], 64),
            (["generate", "mug", "--window", "4"], 64), (["generate", "mug", "--candidates", "0"], 64),
            (["generate", "mug", "--candidates", "4", "--handoff", "0"], 64),
            (["generate", "mug", "--candidates", "4", "--handoff", "auto"], 64),
            (["generate", "mug", "--exact-tail", "0.1"], 64),
            (["generate", "mug", "--max-loss", "0.1"], 64), (["generate", "mug", "--objective", "latency"], 64),
            (["generate", "mug", "--mode", "exact", "--preview", "p.png"], 64),
            (["lab", "exact", "--out", "/proc/none"], 73),
            (["generate", "mug", "--prompt-file", "x"], 64), (["generate"], 64),
            (["generate", "--prompt-file", "/nowhere"], 66), (["generate", "--prompt-file", "/dev/null"], 65),
            (["generate", "mug", "--check-quantile", "1"], 64), (["generate", "mug", "--check-levels", "0.5,2"], 64),
            (["generate", "mug", "--check-quantile", "0.9", "--check-threshold", "1"], 64),
            (["generate", "mug", "--check-likeness", "0.1", "--check-threshold", "1"], 64),
            (["generate", "mug", "--check-likeness", "1"], 64),
            (["generate", "mug", "--mode", "trust", "--check-likeness", "0.1"], 64),
            (["lab", "calibrate", "--count", "2"], 64), (["lab", "calibrate", "--prompt-file", "/nowhere"], 66),
            (["lab", "check", "--out", "/proc/none"], 73),
        ] as [([String], Int32)])
    func badRequestsEndWithTheirOwnCode(arguments: [String], status: Int32) throws {
        let end = try Folder().run(arguments)
        #expect(end.status == status, "\(arguments): \(end.errors)")
        #expect(!end.errors.isEmpty)
    }

    @Test func interruptedProgramStopsSoonAndWritesNoPicture() throws {
        let folder = try Folder()
        // Far more work than any machine does before the signal comes.
        let program = try folder.start([
            "generate", "a red mug", "--steps", "1000", "--handoff", "0.99", "-W", "512", "-H", "512", "-o", "long.png",
            "--preview", "preview.png", "--preview-interval", "1",
        ])
        // The first preview says that the draft is at work and the program listens to signals.
        while program.isRunning, !folder.has("preview.png") { Thread.sleep(forTimeInterval: 0.01) }
        program.interrupt()
        program.waitUntilExit()
        #expect(program.terminationReason == .exit && program.terminationStatus == 130)
        #expect(!folder.has("long.png"))
    }

    @Test func helpHasExamplesAndDoctorIsWell() throws {
        let folder = try Folder()
        #expect(try folder.run("generate", "--help").output.contains("EXAMPLES"))
        let doctor = try folder.run("doctor", "--json")
        #expect(doctor.status == 0, "\(doctor.output)")
        #expect(doctor.output.contains("oneDNN"))
        #expect(try folder.run("models", "--verify").status == 0)
    }
}
