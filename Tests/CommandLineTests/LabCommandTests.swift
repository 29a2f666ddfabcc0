import Foundation
import Testing

/// The lab's commands as a person runs them, with the tiny models of the fixtures.
@Suite(.serialized) struct LabCommandTests {
    private func runs(_ folder: Folder) throws -> [[String: Any]] {
        try String(decoding: folder.contents("lab/runs.jsonl"), as: UTF8.self).split(separator: "\n").map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
    }

    private let sweep = [
        "lab", "split", "--out", "lab", "--network", "loopback", "slow:up=1,down=4,rtt=30", "--edge", "1", "--split",
        "0",
        "0.5", "1", "--mode", "trust", "--order", "small-first", "large-first", "--steps", "6", "--count", "1",
        "--quiet",
    ]

    @Test func aSweepIsMadeResumedAndReportedOn() throws {
        let folder = try Folder()
        let first = try folder.run(sweep + ["--limit", "3"])
        #expect(first.status == 0, "\(first.errors)")
        #expect(try runs(folder).count == 3)
        let second = try folder.run(sweep)
        #expect(second.status == 0, "\(second.errors)")
        let runs = try runs(folder)
        // Per network: verifier-only, half drafted, auto, half drafted with the large model first; edge-only once.
        #expect(runs.count == 2 * 4 + 1)
        #expect(Set(runs.compactMap { $0["key"] as? String }).count == runs.count)
        for run in runs {
            let seconds = try #require(run["seconds"] as? [String: Any])
            let total = try #require(seconds["total"] as? Double)
            let network = try #require(seconds["network"] as? Double)
            let steps = try #require(run["draftSteps"] as? Int)
            let name = try #require((run["network"] as? [String: Any])?["name"] as? String)
            #expect(total > 0)
            // A round trip of 30 ms is the least that a job on the slow network takes, on a connection that is open.
            if name == "slow", steps < 6 { #expect(network >= 0.03 && total >= 0.03) }
            // The verifier alone is what others are measured by; two models of random weights never paint alike.
            let loss = try #require(run["loss"] as? Double)
            #expect((loss == 0) == (steps == 0) && loss >= 0 && loss <= 1)
        }
        #expect(runs.filter { $0["order"] as? String == "large-first" }.count == 2)
        #expect(runs.contains { $0["isAuto"] as? Bool == true && $0["plan"] != nil })
        let report = try String(decoding: folder.contents("lab/report.html"), as: UTF8.self)
        #expect(report.contains("<svg") && report.contains("data:image/png;base64,"))
        // Nothing is left to do, and the report can be made again elsewhere.
        #expect(try folder.run(sweep).status == 0)
        #expect(try self.runs(folder).count == runs.count)
        #expect(try folder.run("lab", "report", "lab", "-o", "again.html").status == 0)
        #expect(folder.has("again.html"))
    }

    @Test func aDryRunListsTheRunsAndMakesNone() throws {
        let folder = try Folder()
        let end = try folder.run(sweep + ["--dry-run"])
        #expect(end.status == 0)
        #expect(end.output.split(separator: "\n").count == 9)
        #expect(!folder.has("lab"))
    }

    @Test func aMissingVerifierProgramIsExplained() throws {
        let end = try Folder().run(sweep + ["--verifier-program", "/nowhere/underpaint-verifier"])
        #expect(end.status == 69)
        #expect(end.errors.contains("swift build -c release --product underpaint-verifier"))
    }

    @Test(
        "bad requests end with a message and their own exit code",
        arguments: [
            (["lab", "split"], 64), (["lab", "split", "--out", "x", "--network", "dsl"], 64),
            (["lab", "split", "--out", "x", "--split", "1.5"], 64),
            (["lab", "split", "--out", "x", "--edge", "no"], 64),
            (["lab", "report", "nowhere"], 66), (["lab", "relay"], 64), (["lab", "relay", "--target", "x"], 64),
            (["lab", "relay", "--target", "127.0.0.1:9", "--network", "x:up=-1"], 64),
            (["lab", "relay", "--target", "127.0.0.1:9", "--stall-every", "1"], 64),
            (["generate", "mug", "--handoff", "soon"], 64), (["generate", "mug", "--objective", "beauty"], 64),
        ] as [([String], Int32)])
    func badRequestsEndWithTheirOwnCode(arguments: [String], status: Int32) throws {
        let end = try Folder().run(arguments)
        #expect(end.status == status, "\(arguments): \(end.errors)")
        #expect(!end.errors.isEmpty)
    }

    @Test func theRelayListensAndEndsPolitely() throws {
        let folder = try Folder()
        let program = try folder.start(
            ["lab", "relay", "--target", "127.0.0.1:9", "--listen", "127.0.0.1:0", "--network", "lte"], output: "out")
        while program.isRunning, try folder.contents("out").isEmpty { Thread.sleep(forTimeInterval: 0.01) }
        program.interrupt()
        program.waitUntilExit()
        #expect(program.terminationReason == .exit && program.terminationStatus == 0)
        #expect(String(decoding: try folder.contents("out"), as: UTF8.self).hasPrefix("127.0.0.1:"))
    }

    @Test func autoMeasuresOnceAndExplainsItself() throws {
        let folder = try Folder()
        let arguments = ["generate", "a red mug", "--seed", "7", "--steps", "10", "--handoff", "auto", "-o", "mug.png"]
        let first = try folder.run(arguments + ["--json"])
        #expect(first.status == 0, "\(first.errors)")
        #expect(first.errors.contains("how fast this machine drafts"))
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(first.output.utf8)) as? [String: Any])
        let plan = try #require(object["plan"] as? [String: Any])
        let choice = try #require(plan["choice"] as? [String: Any])
        let report = try #require(object["report"] as? [String: Any])
        #expect(report["draftSteps"] as? Int == choice["handoffStep"] as? Int)
        #expect((choice["fraction"] as? Double ?? 1) <= 0.8)
        #expect((object["tally"] as? [String: Any])?["pictures"] != nil)
        let second = try folder.run(arguments)
        #expect(!second.errors.contains("how fast this machine drafts"))
        #expect(second.output.contains("split chosen"))
        // A damaged file is measured again.
        let cache = folder.url.appendingPathComponent("cache/underpaint/planning")
        let files = try FileManager.default.contentsOfDirectory(at: cache, includingPropertiesForKeys: nil)
        #expect(files.count == 2)
        for file in files { try Data("{".utf8).write(to: file) }
        #expect(try folder.run(arguments).errors.contains("how fast this machine drafts"))
    }

    @Test func aVerifierThatIsAwayLeavesTheStandardSplit() throws {
        let folder = try Folder()
        let end = try folder.run(
            "generate", "a red mug", "--seed", "1", "--steps", "5", "--handoff", "auto", "-o", "kept.png", "--verifier",
            "http://127.0.0.1:9")
        #expect(end.status == 75)
        #expect(end.errors.contains("the split cannot be chosen without it"))
        #expect(try folder.run("resume", "--list").output.contains("4/5 steps"))
    }

    @Test func severalPicturesAreSummedUp() throws {
        let end = try Folder().run("generate", "a red mug", "--seed", "3", "-b", "2", "-o", "m.png", "--steps", "5")
        #expect(end.status == 0)
        #expect(end.output.contains("2 drafts: "))
    }
}
