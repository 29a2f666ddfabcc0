import Foundation
import Testing
import VulkanTestSupport

/// `underpaint-verifier tune`, with the tiny models on the test device.
@Suite(.serialized) struct TuneCommandTests {
    private func run(_ folder: Folder, _ arguments: String...) throws -> Folder.End {
        try folder.run(arguments, program: "underpaint-verifier")
    }

    @Test(.enabled(if: TestDevice.isExpected())) func whatIsMeasuredIsKeptForThePrograms() throws {
        let folder = try Folder()
        let end = try run(folder, "tune", "--device", TestDevice.name, "--runs", "1", "--parallel", "1", "--json")
        #expect(end.status == 0, "\(end.errors)")
        struct Report: Decodable {
            let graph: String
            let problemCount: Int
            let changedCount: Int
            let secondsBefore: Double
            let secondsAfter: Double
        }
        let reports = try end.output.split(separator: "\n").map {
            try JSONDecoder().decode(Report.self, from: Data($0.utf8))
        }
        for graph in ["tokens of ids", "velocity of latent", "picture of latent"] {
            #expect(reports.contains { $0.graph.hasPrefix(graph) }, "\(graph): \(end.output)")
        }
        #expect(
            reports.allSatisfy { $0.problemCount > 0 && $0.secondsAfter <= $0.secondsBefore && $0.secondsBefore > 0 })
        let kept = try FileManager.default.contentsOfDirectory(
            atPath: folder.url.appendingPathComponent("cache/underpaint").path)
        #expect(kept.contains { $0.hasSuffix(".tuning.json") })
        let doctor = try folder.run("doctor", "--device", TestDevice.name)
        #expect(doctor.output.contains("measured") == reports.contains { $0.changedCount > 0 }, "\(doctor.output)")
        // What was kept is computed with.
        let picture = try folder.run("generate", "a red mug", "--device", TestDevice.name, "-o", "tuned.png")
        #expect(picture.status == 0 && folder.has("tuned.png"), "\(picture.errors)")
    }

    @Test func whatCannotBeTunedIsSaid() throws {
        let folder = try Folder()
        let processor = try run(folder, "tune", "--backend", "cpu")
        #expect(processor.status == 64 && processor.errors.contains("--backend cpu"))
        #expect(try run(folder, "tune", "--device", "no such card").status == 69)
        #expect(try run(folder, "tune", "--runs", "0").status == 64)
    }
}
