import CPUBackend
import EdgeRuntime
import Foundation
import Graphs
import Models
import Speculation
import VerifierRuntime

/// Both halves with the tiny random models of the fixtures, in a folder of their own, or with the models that are built in.
final class Workshop: Sendable {
    let models: ModelPair
    let verifier: PictureVerifier
    let painter: DraftPainter
    let journal: HandoffJournal
    /// The models, where they are a copy.
    private let folder: URL?

    /// With a check that asks the critic, which lets any distance pass.
    ///
    /// - Parameters:
    ///   - mostDoubt: that passes.
    ///   - mostUnlikeness: that passes at the hand-off and, second, at t = 0.7; nil asks nothing.
    convenience init(
        mostDoubt: Double, mostUnlikeness: (Double, Double)? = nil, _ change: ((inout [String: Any]) -> Void)? = nil
    ) throws {
        try self.init { manifest in
            change?(&manifest)
            let files = manifest["files"] as? [String: [String: Any]]
            func table(_ value: Double) -> [Double] { Array(repeating: value, count: 10) }
            var check: [String: Any] = [
                "rule": "promptDoubt+estimateDistance", "version": 1, "draft": String(repeating: "0", count: 64),
                "critic": files?["critic"]?["sha256"] ?? "", "samples": 1, "guidance": 3, "stepCount": 25,
                "handoffStep": 20, "quantile": 0.95,
                "prompt": [
                    "times": [0.25], "null": table(0), "draft": table(0), "draftFaults": ["color": table(mostDoubt)],
                    "verifierFaults": ["color": table(mostDoubt)],
                ],
                "levels": [["time": 0.43, "null": table(1), "draft": table(1), "noiseFaults": table(1e6)]],
            ]
            if let mostUnlikeness {
                check["likeness"] = [
                    "rejectedShare": 0.1,
                    "levels": [(0.43, mostUnlikeness.0), (0.7, mostUnlikeness.1)].map {
                        ["time": $0.0, "null": table($0.1), "draft": table(0)] as [String: Any]
                    },
                ]
            }
            manifest["check"] = check
        }
    }

    private static let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()

    /// With the models that come with the checkout.
    static func released() throws -> Workshop { try Workshop(in: tests.deletingLastPathComponent()) }

    /// - Parameter change: edits the verifier's manifest, of a copy.
    convenience init(_ change: ((inout [String: Any]) -> Void)? = nil) throws {
        try self.init(in: Workshop.tests.appendingPathComponent("Fixtures/tiny"), change)
    }

    private init(in origin: URL, _ change: ((inout [String: Any]) -> Void)? = nil) throws {
        var root = origin
        if let change {
            let copy = FileManager.default.temporaryDirectory.appendingPathComponent(JobID.random().text)
            try FileManager.default.copyItem(at: root, to: copy)
            let manifest = copy.appendingPathComponent("CloudModels/studio-verifier/manifest.json")
            var content =
                try JSONSerialization.jsonObject(with: Data(contentsOf: manifest)) as? [String: Any] ?? [:]
            change(&content)
            try JSONSerialization.data(withJSONObject: content).write(to: manifest)
            root = copy
        }
        folder = change == nil ? nil : root
        models = try ModelPair(
            draft: "studio-draft", verifier: "studio-verifier", in: ModelStore(roots: [root.path]))
        let backend = CPUBackend(threads: ThreadPolicy(count: 2))
        verifier = try PictureVerifier(models: models, backend: backend)
        painter = try DraftPainter(models: models, backend: backend)
        journal = HandoffJournal(
            folder: FileManager.default.temporaryDirectory.appendingPathComponent(JobID.random().text))
    }

    deinit {
        try? FileManager.default.removeItem(at: journal.folder)
        if let folder { try? FileManager.default.removeItem(at: folder) }
    }

    /// A maker whose verifier is in this process.
    var embedded: PictureMaker {
        maker(InProcessVerifierTransport(models: verifier.catalogue, execute: verifier.execute))
    }

    func maker(_ transport: any VerifierTransport, address: String? = nil) -> PictureMaker {
        PictureMaker(painter: painter, transport: transport, journal: journal, verifier: address)
    }

    /// 10·log₁₀(255²/MSE) of the finished picture of one job by another backend beside this verifier's, infinite if they are
    /// equal.
    func psnr(of backend: any Backend, mode: SpeculationMode) throws -> Double {
        let job = try painter.draft(request(mode: mode), id: .random(), progress: { _ in }).job
        let other = try PictureVerifier(models: models, backend: backend)
        let pictures = try [verifier, other].map { verifier in
            try FinishedPNG.pixels(verifier.execute(job, report: { _ in }).payload).map { Double($0) }
        }
        guard pictures[0].count == 64 * 96 * 3, pictures[1].count == pictures[0].count else { return -.infinity }
        let error = zip(pictures[0], pictures[1]).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        return 10 * log10(255 * 255 * Double(pictures[0].count) / error)
    }

    func request(handoff: Double = 0.8, seed: UInt64 = 7, mode: SpeculationMode = .handoff) -> GenerationRequest {
        GenerationRequest(
            prompt: "a red mug", width: 64, height: 96, stepCount: 10, handoffFraction: handoff, seed: seed,
            guidanceScale: 3, mode: mode)
    }
}

extension PictureMaker {
    /// One picture, nobody watching.
    func make(_ request: GenerationRequest) async throws -> FinishedPicture {
        try await make(request, id: .random(), outputPath: "picture.png", report: { _ in })
    }
}
