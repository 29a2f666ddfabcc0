import Foundation
import Testing

/// Pictures that wait for a verifier, as a person takes them up, looks at them and drops them.
@Suite struct ResumeTests {
    @Test func unreachableVerifierKeepsTheDraftForResume() throws {
        let folder = try Folder()
        let end = try folder.run(
            "generate", "a red mug", "--seed", "1", "--steps", "5", "-o", "kept.png", "--verifier",
            "http://127.0.0.1:9")
        #expect(end.status == 75)
        #expect(end.errors.contains("underpaint resume"))
        #expect(!folder.has("kept.png"))
        let list = try folder.run("resume", "--list").output
        #expect(list.contains("4/5 steps"))
        let id = try #require(list.split(separator: " ").first.map(String.init))
        // Named as freely as by `generate`.
        #expect(try folder.run("resume", id, "--offline", "-o", "other").status == 0)
        #expect(folder.has("other.png") && !folder.has("kept.png"))
        #expect(try folder.run("resume", "--list").output.isEmpty)
    }

    @Test func resumingGoesOnPastAPictureThatCannotBeFinished() throws {
        let folder = try Folder()
        try FileManager.default.createDirectory(
            at: folder.url.appendingPathComponent("gone"), withIntermediateDirectories: false)
        for name in ["gone/first.png", "second.png", "third.png"] {
            let end = try folder.run(
                "generate", "a red mug", "--seed", "1", "--steps", "5", "-o", name, "--verifier", "http://127.0.0.1:9")
            #expect(end.status == 75)
        }
        try FileManager.default.removeItem(at: folder.url.appendingPathComponent("gone"))
        // Without --verifier each is sent to the one that it was meant for, which is asked once.
        let away = try folder.run("resume")
        #expect(away.status == 73 && away.errors.contains("127.0.0.1:9") && away.errors.contains("1 more pictures"))
        let end = try folder.run("resume", "--verifier", "embedded")
        #expect(end.status == 73 && end.errors.contains("gone"), "\(end.errors)")
        #expect(folder.has("second.png") && folder.has("third.png"))
        let left = try folder.run("resume", "--list").output.split(separator: "\n")
        #expect(left.count == 1)
        let id = try #require(left.first?.prefix { $0 != " " })
        #expect(try folder.run("resume", "--drop").status == 64)
        #expect(try folder.run("resume", "--drop", "nobody").status == 66)
        // However it looks inside.
        let file = folder.url.appendingPathComponent("state/underpaint/unfinished/\(id).handoff")
        try Data("{".utf8).write(to: file)
        #expect(try folder.run("resume", "--drop", String(id)).status == 0)
        #expect(try folder.run("resume", "--list").output.isEmpty)
    }

    /// A draft that waits for its verifier, which is not there.
    ///
    /// - Returns: its job's id.
    private func keepDraft(of picture: String, in folder: Folder) throws -> String {
        let known = Set(folder.handoffs)
        let end = try folder.run(
            "generate", "a red mug", "--seed", "1", "--steps", "5", "-o", picture, "--verifier", "http://127.0.0.1:9")
        #expect(end.status == 75, "\(end.errors)")
        return try #require(folder.handoffs.first { !known.contains($0) })
    }

    @Test func aPictureThatIsBeingMadeIsNotTakenUp() throws {
        let folder = try Folder()
        let verifier = try SilentVerifier()
        let program = try folder.start([
            "generate", "a red mug", "--seed", "1", "--steps", "5", "-o", "far.png", "--verifier", verifier.address,
        ])
        defer { if program.isRunning { kill(program.processIdentifier, SIGKILL) } }
        while program.isRunning, folder.handoffs.isEmpty { Thread.sleep(forTimeInterval: 0.01) }
        let id = try #require(folder.handoffs.first)
        let line = try folder.run("resume", "--list").output
        #expect(line.hasPrefix(id) && line.contains("(being worked on)"), "\(line)")
        let all = try folder.run("resume", "--verifier", "embedded")
        #expect(all.status == 0 && all.errors.contains("\(id) is being worked on"), "\(all.errors)")
        for options in [["--verifier", "embedded"], ["--drop"]] {
            let named = try folder.run(["resume", id] + options)
            #expect(named.status == 75 && named.errors.contains("another underpaint"), "\(named.errors)")
        }
        #expect(try folder.run("doctor").output.contains("1 are being worked on"))
        // Who is killed works on nothing any more.
        kill(program.processIdentifier, SIGKILL)
        program.waitUntilExit()
        #expect(try folder.run("resume", id, "--verifier", "embedded").status == 0)
        #expect(folder.has("far.png"))
    }

    @Test func aPictureThatWasWrittenMeanwhileIsNotReplaced() throws {
        let folder = try Folder()
        let id = try keepDraft(of: "mug.png", in: folder)
        let newer = Data("newer".utf8)
        try newer.write(to: folder.url.appendingPathComponent("mug.png"))
        let end = try folder.run("resume", "--offline")
        #expect(end.status == 73 && end.errors.contains("--output") && end.errors.contains("--drop"), "\(end.errors)")
        #expect(try folder.contents("mug.png") == newer)
        #expect(try folder.run("resume", id, "--offline", "-o", "other.png").status == 0)
        #expect(folder.has("other.png"))
        // One that was there before is replaced, as it was meant to be.
        let old = try keepDraft(of: "mug.png", in: folder)
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSinceNow: -3600)],
            ofItemAtPath: folder.url.appendingPathComponent("mug.png").path)
        #expect(try folder.run("resume", old, "--offline").status == 0)
        #expect(try folder.contents("mug.png") != newer)
    }

    @Test func damagedHandOffsAreSaidAfterTheOthersAreDone() throws {
        let folder = try Folder()
        _ = try keepDraft(of: "mug.png", in: folder)
        let broken = folder.url.appendingPathComponent("state/underpaint/unfinished/broken.handoff")
        try Data("{".utf8).write(to: broken)
        let end = try folder.run("resume", "--offline")
        #expect(end.status == 65 && end.errors.contains("broken") && folder.has("mug.png"), "\(end.errors)")
        let again = try folder.run("resume", "--offline")
        #expect(again.status == 65 && !again.errors.contains("no picture waits"), "\(again.errors)")
        #expect(try folder.run("resume", "--list", "broken").status == 65)
        #expect(try folder.run("resume", "--drop", "broken").status == 0)
        let empty = try folder.run("resume")
        #expect(empty.status == 0 && empty.errors.contains("no picture waits"))
    }

    @Test func whatWaitsIsListedAsJSONAndByName() throws {
        let folder = try Folder()
        let first = try keepDraft(of: "first.png", in: folder)
        let second = try keepDraft(of: "second.png", in: folder)
        let list = try folder.run("resume", "--list", "--json").output.split(separator: "\n").map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        }
        #expect(list.compactMap { $0["job"] as? String } == [first, second])
        #expect(list.allSatisfy { $0["handoffStep"] as? Int == 4 && $0["isInUse"] as? Bool == false })
        let named = try folder.run("resume", "--list", second).output
        #expect(named.contains(second) && !named.contains(first))
        let words = try JSONSerialization.jsonObject(
            with: Data(try folder.run("models", "--words", "--json").output.utf8))
        #expect((words as? [String])?.contains("mug") == true)
    }

    @Test func aCopyOfAHandOffIsFinishedAndForgottenByItsPath() throws {
        let folder = try Folder()
        let id = try keepDraft(of: "mug.png", in: folder)
        let kept = folder.url.appendingPathComponent("state/underpaint/unfinished/\(id).handoff")
        for name in ["copy.handoff", "dropped.handoff"] {
            try FileManager.default.copyItem(at: kept, to: folder.url.appendingPathComponent(name))
        }
        // Where it goes is not for a file from elsewhere to say.
        let unasked = try folder.run("resume", "copy.handoff")
        #expect(unasked.status == 64 && unasked.errors.contains("--verifier"), "\(unasked.errors)")
        let away = try folder.run("resume", "copy.handoff", "--verifier", "http://127.0.0.1:9")
        #expect(away.status == 75 && away.errors.contains("/copy.handoff --offline"), "\(away.errors)")
        #expect(try folder.run("resume", "dropped.handoff", "--drop").status == 0)
        #expect(!folder.has("dropped.handoff"))
        let end = try folder.run("resume", "copy.handoff", "--verifier", "embedded")
        #expect(end.status == 0 && end.errors.contains("verifier") && !end.errors.contains("draft"), "\(end.errors)")
        #expect(!folder.has("copy.handoff") && FileManager.default.fileExists(atPath: kept.path))
    }
}
