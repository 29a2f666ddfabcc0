import Foundation
import Testing

@testable import SplitLab

@Suite struct RunLogTests {
    @Test func whatIsAppendedIsThereAgain() throws {
        let folder = try SampleRuns.Folder()
        let file = folder.url.appendingPathComponent("runs.jsonl")
        let runs = [SampleRuns.run(), SampleRuns.run(isAuto: true, prompt: "a \"quoted\"\nvase")]
        func begin() throws {
            let log = try RunLog(file: file)
            for run in runs { try log.append(run) }
            #expect(try RunLog.records(in: file) == runs)
            // Two that wrote to it would cut off each other's lines.
            let error = #expect(throws: LabError.self) { try RunLog(file: file) }
            #expect(error?.description.contains("another lab") == true)
        }
        try begin()
        #expect(try RunLog(file: file).records == runs)
        #expect(try String(contentsOf: file, encoding: .utf8).split(separator: "\n").count == 2)
    }

    /// A kill at any moment: the file is cut after every possible byte of its last line.
    @Test func aKillLosesTheRunInProgressAtMost() throws {
        let folder = try SampleRuns.Folder()
        let file = folder.url.appendingPathComponent("runs.jsonl")
        let runs = [SampleRuns.run(), SampleRuns.run(seed: 2)]
        func begin() throws {
            let log = try RunLog(file: file)
            for run in runs { try log.append(run) }
        }
        try begin()
        let whole = try Data(contentsOf: file)
        let firstLine = try #require(whole.firstIndex(of: UInt8(ascii: "\n"))) + 1
        for length in stride(from: firstLine, to: whole.count, by: 13) {
            try whole.prefix(length).write(to: file)
            let resumed = try RunLog(file: file)
            #expect(resumed.records == [runs[0]])
            try resumed.append(runs[1])
            #expect(try RunLog.records(in: file) == runs)
        }
    }

    @Test func aLineThatIsNoRunIsNamed() throws {
        let folder = try SampleRuns.Folder()
        let good = String(decoding: try JSONEncoder().encode(SampleRuns.run()), as: UTF8.self)
        let bad = [
            "{}", "no JSON", good.replacingOccurrences(of: "\"schema\":1", with: "\"schema\":2"),
            good.replacingOccurrences(of: "\"draftSteps\":20", with: "\"draftSteps\":99"),
            good.replacingOccurrences(of: "\"total\":1", with: "\"total\":-1"),
            good.replacingOccurrences(of: "a.png", with: "..\\/..\\/secret"),
        ]
        for line in bad {
            #expect(line != good)
            let file = try folder.write(good + "\n" + line + "\n", "runs.jsonl")
            let error = #expect(throws: LabError.self) { try RunLog.records(in: file) }
            #expect(error?.description.contains("line 2") == true)
        }
        #expect(throws: LabError.self) { try RunLog.records(in: folder.url.appendingPathComponent("none")) }
        #expect(throws: LabError.self) { try RunLog(file: folder.url.appendingPathComponent("no/such/runs.jsonl")) }
    }

    @Test func scoresAreReadStrictly() throws {
        let folder = try SampleRuns.Folder()
        let good = try folder.write(#"{"picture":"a.png","score":0.75}"# + "\n", "scores.jsonl")
        #expect(try PictureScores(file: good).byPicture == ["a.png": 0.75])
        for text in [#"{"picture":"a.png"}"#, #"{"picture":"a.png","score":1.5}"#, "x"] {
            let bad = try folder.write(text, "scores.jsonl")
            #expect(throws: LabError.self) { try PictureScores(file: bad) }
        }
    }
}
