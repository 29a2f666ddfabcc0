import Diffusion
import EdgeRuntime
import LatentCoding
import Pictures
import Speculation
import Testing
import VerifierRuntime

@Suite struct VerifyingTests {
    /// A job as the edge makes it, for tests to spoil.
    private func job(_ workshop: Workshop) throws -> VerificationJob {
        try workshop.painter.draft(workshop.request(), id: .random(), progress: { _ in }).job
    }

    private func code(of job: VerificationJob, at workshop: Workshop) -> VerifierError.Code? {
        do {
            _ = try workshop.verifier.execute(job, report: { _ in })
            return nil
        } catch let error as VerifierError {
            return error.code
        } catch {
            Issue.record("untyped error \(error)")
            return nil
        }
    }

    @Test func otherModelsAreRefusedByNameAndByContent() throws {
        let workshop = try Workshop()
        let good = try job(workshop)
        #expect(code(of: good, at: workshop) == nil)
        var bad = good
        bad.verifier = ModelIdentity(id: "unknown", weightsDigest: good.verifier.weightsDigest)
        #expect(code(of: bad, at: workshop) == .unknownModel)
        bad = good
        bad.verifier = ModelIdentity(id: good.verifier.id, weightsDigest: good.draft.weightsDigest)
        #expect(code(of: bad, at: workshop) == .incompatibleModel)
        bad = good
        bad.draft = ModelIdentity(id: good.draft.id, weightsDigest: good.verifier.weightsDigest)
        #expect(code(of: bad, at: workshop) == .incompatibleModel)
    }

    @Test func damagedOrForeignLatentsAreRefused() throws {
        let workshop = try Workshop()
        let good = try job(workshop)
        for count in [0, 1, 20, good.codedEstimate.count - 1] {
            var bad = good
            bad.codedEstimate = Array(good.codedEstimate[..<count])
            #expect(code(of: bad, at: workshop) == .invalidLatent)
        }
        for index in stride(from: 0, to: good.codedEstimate.count, by: 7) {
            var bad = good
            bad.codedEstimate[index] ^= 0x10
            #expect(code(of: bad, at: workshop) == .invalidLatent, "byte \(index)")
        }
        var bad = good
        let other = LatentShape(height: 8, width: 8, channelCount: good.latentShape.channelCount)
        bad.codedEstimate = try LatentCodec().encode(
            Latent(shape: other, values: [Float](repeating: 0.5, count: other.elementCount)))
        #expect(code(of: bad, at: workshop) == .invalidLatent)
    }

    @Test(arguments: [SpeculationMode.trust, .handoff])
    func finiteButAbsurdLatentsAreRefused(mode: SpeculationMode) throws {
        let workshop = try Workshop()
        var job = try workshop.painter.draft(workshop.request(mode: mode), id: .random(), progress: { _ in }).job
        let expected: [(Float, VerifierError.Code?)] = [(3e38, .invalidLatent), (2000, .invalidLatent), (5, nil)]
        for (value, code) in expected {
            job.codedEstimate = try LatentCodec.lossless.encode(
                Latent(
                    shape: job.latentShape, values: Array(repeating: value, count: job.latentShape.elementCount)))
            #expect(self.code(of: job, at: workshop) == code, "\(value)")
        }
    }

    @Test func shapesAndScalesThatTheModelCannotDoAreRefused() throws {
        let workshop = try Workshop()
        let good = try job(workshop)
        var bad = good
        bad.latentShape = LatentShape(height: 7, width: 8, channelCount: good.latentShape.channelCount)
        #expect(code(of: bad, at: workshop) == .invalidJob)
        bad = good
        bad.latentShape = LatentShape(height: 8, width: 8, channelCount: good.latentShape.channelCount + 1)
        #expect(code(of: bad, at: workshop) == .invalidJob)
        bad = good
        bad.guidanceScale = 99
        #expect(code(of: bad, at: workshop) == .invalidJob)
    }

    @Test func askedForLatentComesBackExactly() throws {
        let workshop = try Workshop()
        var asked = try job(workshop)
        let png = try workshop.verifier.execute(asked, report: { _ in })
        asked.result = .latent
        let outcome = try workshop.verifier.execute(asked, report: { _ in })
        #expect(outcome.result == .latent)
        let latent = try LatentCodec.decode(outcome.payload, expecting: asked.latentShape)
        let picture = try workshop.painter.picture(of: latent)
        #expect(try FinishedPNG.pixels(png.payload) == picture.rgb)
    }

    @Test func reportThatThrowsStopsTheJob() throws {
        let workshop = try Workshop()
        let job = try job(workshop)
        var events = 0
        #expect(throws: VerifierError(.cancelled, "enough")) {
            try workshop.verifier.execute(job) { _ in
                events += 1
                throw VerifierError(.cancelled, "enough")
            }
        }
        #expect(events == 1)
    }
}
