import CPUBackend
import Diffusion
import Foundation
import Graphs
import Models
import Speculation
import Testing

/// The models in the repository itself.
@Suite struct ShippedModelTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path
    private static let store = ModelStore(
        roots: [root + "/EdgeModels", root + "/CloudModels"])

    /// Folders with a manifest.
    private static let listings = store.listings().map(\.path)

    /// Without them the tests below would be none.
    @Test func modelsAreShipped() {
        #expect(!Self.listings.isEmpty)
    }

    @Test(arguments: listings)
    func everyShippedModelLoadsAndRunsOneStep(path: String) throws {
        let folder = try ModelFolder(path: path)
        #expect(URL(fileURLWithPath: path).lastPathComponent == folder.manifest.id)
        let backend = CPUBackend()
        guard let manifest = folder.manifest.denoiser else {
            let shared = try SharedModel(folder)
            let prompt = try shared.text(on: backend).encode("a red mug")
            #expect(prompt.tokens.unknownWords == [])
            let shape = LatentShape(height: 8, width: 8, channelCount: shared.manifest.latent.channelCount)
            let picture = try shared.decoder(on: backend).decode(NoiseGenerator(seed: 1).latent(shape, stream: 0))
            #expect(picture.values.allSatisfy { $0.isFinite })
            return
        }
        let shared = try SharedModel(Self.store.folder(id: manifest.shared))
        let model = try DenoiserModel(folder, shared: shared)
        let text = try shared.text(on: backend)
        var denoiser = PromptedDenoiser(
            try model.denoiser(on: backend), prompt: try text.encode("a red mug").conditioning,
            unconditional: try text.unconditional(), guidance: manifest.guidance.default)
        let size = try #require(manifest.sizes.first)
        let noise = NoiseGenerator(seed: 1).latent(try model.latentShape(for: size), stream: 0)
        let schedule = try manifest.schedule.times()
        let state = try FlowTrajectory(schedule).run(0..<1, from: noise, with: &denoiser)
        #expect(state != noise)

        for partner in manifest.partners {
            let other = try Self.store.folder(id: partner).manifest
            let (draft, verifier) = folder.manifest.role == .draft ? (folder.manifest, other) : (other, folder.manifest)
            try ModelManifest.checkPair(draft: draft, verifier: verifier)
        }
    }

    /// The default mode needs it: measured with the draft, the critic and the curve that are shipped beside it.
    @Test(.enabled(if: !listings.isEmpty)) func theShippedCheckIsThatOfTheShippedPair() throws {
        let pair = try ModelPair(draft: "studio-draft", verifier: "studio-verifier", in: Self.store)
        let calibration = try #require(pair.verifier.calibration)
        #expect(calibration.draft == pair.draft.weightsDigest && calibration.critic == pair.verifier.criticDigest)
        let quality = try #require(pair.verifier.manifest.quality)
        #expect(quality.draftDigest == pair.draft.weightsDigest && quality.critic == calibration.critic)
    }

    @Test(.enabled(if: !listings.isEmpty)) func usualShapesAreSizesThatTheDraftWasTrainedAt() throws {
        let draft = try ModelPair(draft: "studio-draft", verifier: "studio-verifier", in: Self.store).draft
        for ratio in [1, 4.0 / 3, 3.0 / 4, 16.0 / 9] {
            let size = try #require(draft.size(ofRatio: ratio))
            #expect(draft.isTrainedSize(size), "\(ratio): \(size)")
        }
    }

    /// What the README says of it: a question is about three hundredths of an evaluation.
    @Test(.enabled(if: !listings.isEmpty)) func aQuestionToTheCriticIsCheapBesideAnEvaluation() throws {
        let folder = try Self.store.folder(id: "studio-verifier")
        let manifest = try #require(folder.manifest.denoiser)
        let critic = try #require(manifest.critic)
        func operations(_ graph: Graph) -> Double {
            Double(graph.nodes.reduce(0) { $0 + graph.floatingPointOperations(of: $1) })
        }
        let share =
            try operations(critic.graph(batch: 1, height: 16, width: 16))
            / operations(manifest.architecture.graph(batch: 1, height: 16, width: 16))
        #expect((0.025...0.035).contains(share), "\(share)")
    }
}
