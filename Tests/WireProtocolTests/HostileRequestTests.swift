import Foundation
import Speculation
import SwiftProtobuf
import Testing
import VerificationTestSupport

@testable import WireProtocol

@Suite struct HostileRequestTests {
    /// One way to spoil a good request and the error that it must give.
    struct Spoiling: Sendable, CustomTestStringConvertible {
        let name: String
        let code: VerifierError.Code
        let spoil: @Sendable (inout Underpaint_V1_VerifyRequest) -> Void
        var testDescription: String { name }

        init(
            _ name: String, _ code: VerifierError.Code = .invalidJob,
            _ spoil: @escaping @Sendable (inout Underpaint_V1_VerifyRequest) -> Void
        ) {
            (self.name, self.code, self.spoil) = (name, code, spoil)
        }
    }

    static let spoilings: [Spoiling] = [
        Spoiling("no version", .unsupportedVersion) { $0.protocolVersion = 0 },
        Spoiling("no minimum, so nothing agreed", .unsupportedVersion) {
            $0.minimumVersion = 0
            $0.protocolVersion = 0
        },
        Spoiling("future version only", .unsupportedVersion) {
            $0.minimumVersion = 3
            $0.protocolVersion = 4
        },
        Spoiling("version range upside down", .unsupportedVersion) { $0.minimumVersion = 2 },
        Spoiling("future version with a bad id", .unsupportedVersion) {
            $0.minimumVersion = 3
            $0.protocolVersion = 3
            $0.jobID = ""
        },
        Spoiling("no id") { $0.jobID = "" },
        Spoiling("id with a slash") { $0.jobID = "../etc" },
        Spoiling("long id") { $0.jobID = String(repeating: "a", count: 65) },
        Spoiling("no draft") { $0.clearDraft() },
        Spoiling("no verifier") { $0.clearVerifier() },
        Spoiling("short digest") { $0.verifier.weightsDigest.removeLast() },
        Spoiling("upper-case digest") { $0.draft.weightsDigest = $0.draft.weightsDigest.uppercased() },
        Spoiling("line break in a model id") { $0.draft.id = "a\nb" },
        Spoiling("empty prompt") { $0.prompt = "" },
        Spoiling("blank prompt") { $0.prompt = " \n\t" },
        Spoiling("10,000 words") { $0.prompt = Array(repeating: "mug", count: 10_000).joined(separator: " ") },
        Spoiling("guidance not a number") { $0.guidanceScale = .nan },
        Spoiling("infinite guidance") { $0.guidanceScale = .infinity },
        Spoiling("negative guidance") { $0.guidanceScale = -1 },
        Spoiling("no shape") { $0.clearLatentShape() },
        Spoiling("zero height") { $0.latentShape.height = 0 },
        Spoiling("huge width") { $0.latentShape.width = .max },
        Spoiling("too many elements") {
            $0.latentShape.height = 1024
            $0.latentShape.width = 1024
            $0.latentShape.channelCount = 64
        },
        Spoiling("no steps") { $0.stepCount = 0 },
        Spoiling("too many steps") { $0.stepCount = 1001 },
        Spoiling("no steps of the verifier") { $0.verifierStepCount = 0 },
        Spoiling("too many steps of the verifier") { $0.verifierStepCount = 1001 },
        Spoiling("no step of the verifier to go on from") { $0.verifierStepCount = 1 },
        Spoiling("a stop step on another schedule") { ($0.verifierStepCount, $0.stopStep) = (8, 24) },
        Spoiling("shift not a number") { $0.scheduleShift = .nan },
        Spoiling("no shift") { $0.scheduleShift = 0 },
        Spoiling("hardly a shift") { $0.scheduleShift = 0.005 },
        Spoiling("hand-off after the end") { $0.handoffStep = 26 },
        Spoiling("no noise kind") { $0.noiseKind = .unspecified },
        Spoiling("unknown noise kind") { $0.noiseKind = .UNRECOGNIZED(77) },
        Spoiling("unknown mode") { $0.mode = .UNRECOGNIZED(-3) },
        Spoiling("no mode") { $0.mode = .unspecified },
        Spoiling("unknown result kind") { $0.resultKind = .UNRECOGNIZED(9) },
        Spoiling("threshold not a number") { $0.checkThreshold = .nan },
        Spoiling("negative threshold") { $0.checkThreshold = -0.5 },
        Spoiling("quantile not a number") { $0.checkQuantile = .nan },
        Spoiling("likeness share not a number") { $0.checkLikeness = .nan },
        Spoiling("likeness share of one") { $0.checkLikeness = 1 },
        Spoiling("quantile of one") { $0.checkQuantile = 1 },
        Spoiling("negative quantile") { $0.checkQuantile = -1 },
        Spoiling("level without noise") { $0.checkLevels = [0.6, 0] },
        Spoiling("level not a number") { $0.checkLevels = [.nan] },
        Spoiling("level of pure noise") { $0.checkLevels = [1] },
        Spoiling("quality of a PNG") { $0.pictureQuality = 90 },
        Spoiling("quality of nothing") { ($0.resultKind, $0.pictureQuality) = (.webp, 0) },
        Spoiling("quality beyond the best") { ($0.resultKind, $0.pictureQuality) = (.webp, 101) },
        Spoiling("too many levels") { $0.checkLevels = Array(repeating: 0.5, count: 17) },
        Spoiling("damaged estimate", .invalidLatent) { $0.codedEstimate[3] ^= 4 },
        Spoiling("wrong checksum", .invalidLatent) { $0.codedEstimateCrc32 &+= 1 },
        Spoiling("no estimate after step 0") {
            $0.codedEstimate = Data()
            $0.codedEstimateCrc32 = 0
        },
    ]

    @Test(arguments: spoilings)
    func spoiledRequestIsRefusedByName(_ spoiling: Spoiling) throws {
        var message = RequestCodec.request(for: SampleJob.make())
        spoiling.spoil(&message)
        let frame = try Frame.wrap(serialize(message), limit: Frame.requestLimit)
        #expect { try RequestCodec.decode(frame) } throws: { error in
            guard let error = error as? VerifierError else { return false }
            return error.code == spoiling.code && !error.message.isEmpty
        }
    }

    static let windowSpoilings: [Spoiling] = [
        Spoiling("exact options in another mode") { $0.mode = .handoff },
        Spoiling("mode exact without options") { $0.clearExact() },
        Spoiling("an estimate too") {
            $0.codedEstimate = Data([1])
            $0.codedEstimateCrc32 = CRC32.checksum([1])
        },
        Spoiling("endless window") { $0.exact.window = 33 },
        Spoiling("no placement") { $0.exact.placement = .unspecified },
        Spoiling("unknown placement") { $0.exact.placement = .UNRECOGNIZED(9) },
        Spoiling("window for a verifier that drafts") { $0.exact.placement = .verifier },
        Spoiling("no draft") { $0.exact.draft = .unspecified },
        Spoiling("unknown correction") { $0.exact.correction = .UNRECOGNIZED(4) },
        Spoiling("chain without a proper name") { $0.exact.exchange.chain = "a/b" },
        Spoiling("window 5000") { $0.exact.exchange.index = 5000 },
        Spoiling("first step after the end") { $0.exact.exchange.firstStep = 25 },
        Spoiling("huge first step") { $0.exact.exchange.firstStep = .max },
        Spoiling("window into the tail") { $0.exact.exchange.firstStep = 19 },
        Spoiling("more pictures than a window has") {
            $0.exact.exchange.codedPictures = Array(repeating: Data(), count: 33)
            $0.exact.exchange.crc32 = 0
        },
        Spoiling("too many bytes") {
            $0.exact.exchange.codedPictures[0] = Data(repeating: 0, count: JobLimits.codedEstimateBytes)
            $0.exact.exchange.crc32 = CRC32.checksum(
                [UInt8](repeating: 0, count: JobLimits.codedEstimateBytes) + Array("zstd".utf8))
        },
        Spoiling("damaged picture", .invalidLatent) { $0.exact.exchange.codedPictures[1][0] ^= 1 },
        Spoiling("wrong checksum of the pictures", .invalidLatent) { $0.exact.exchange.crc32 &+= 1 },
    ]

    @Test(arguments: windowSpoilings)
    func spoiledWindowIsRefusedByName(_ spoiling: Spoiling) throws {
        var message = RequestCodec.request(for: SampleJob.makeWindow())
        spoiling.spoil(&message)
        let frame = try Frame.wrap(serialize(message), limit: Frame.requestLimit)
        #expect { try RequestCodec.decode(frame) } throws: { error in
            guard let error = error as? VerifierError else { return false }
            return error.code == spoiling.code && !error.message.isEmpty
        }
    }

    @Test func anyWindowBytesGiveAJobOrATypedError() throws {
        let message = try serialize(RequestCodec.request(for: SampleJob.makeWindow()))
        var (read, refused) = (0, 0)
        for bit in 0..<message.count * 8 {
            var damaged = message
            damaged[bit / 8] ^= 1 << (bit % 8)
            do throws(VerifierError) {
                _ = try RequestCodec.decode(wrapped(damaged))
                read += 1
            } catch {
                #expect(!error.message.isEmpty)
                refused += 1
            }
        }
        #expect(read > 0 && refused > 0)
    }

    @Test func unsupportedVersionSaysWhatIsSpoken() throws {
        var message = RequestCodec.request(for: SampleJob.make())
        message.minimumVersion = 41
        message.protocolVersion = 42
        let frame = try Frame.wrap(serialize(message), limit: Frame.requestLimit)
        #expect { try RequestCodec.decode(frame) } throws: { error in
            guard let error = error as? VerifierError else { return false }
            return error.message.contains("41…42") && error.message.contains("this verifier 1…2;")
        }
    }

    @Test func laterClientThatAcceptsThisVersionIsServed() throws {
        var message = RequestCodec.request(for: SampleJob.make())
        message.protocolVersion = 7
        let frame = try Frame.wrap(serialize(message), limit: Frame.requestLimit)
        #expect(try RequestCodec.decode(frame) == SampleJob.make())
    }

    @Test func handoffAtStepZeroNeedsNoEstimate() throws {
        var job = SampleJob.make()
        job.handoffStep = 0
        job.codedEstimate = []
        #expect(try RequestCodec.decode(RequestCodec.encode(job)) == job)
    }

    @Test func everyFlippedBitOfARequestIsFound() throws {
        let frame = try RequestCodec.encode(SampleJob.make())
        for bit in 0..<frame.count * 8 {
            var damaged = frame
            damaged[bit / 8] ^= 1 << (bit % 8)
            #expect(throws: VerifierError.self) { try RequestCodec.decode(damaged) }
        }
    }

    @Test func anyMessageBytesGiveAJobOrATypedError() throws {
        // With a right frame around it, damage reaches the protobuf parser and the mapping.
        let message = try serialize(RequestCodec.request(for: SampleJob.make()))
        var refused = 0
        for bit in 0..<message.count * 8 {
            var damaged = message
            damaged[bit / 8] ^= 1 << (bit % 8)
            do throws(VerifierError) {
                _ = try RequestCodec.decode(wrapped(damaged))
            } catch {
                refused += 1
            }
        }
        for length in 0..<message.count {
            #expect(throws: VerifierError.self) { try RequestCodec.decode(wrapped(Array(message.prefix(length)))) }
        }
        #expect(refused > message.count)
    }

    @Test func oversizedBodyIsRefused() throws {
        var job = SampleJob.make()
        job.codedEstimate = Array(repeating: 1, count: Frame.requestLimit)
        #expect { try RequestCodec.encode(job) } throws: { ($0 as? WireError)?.code == .oversized }
        job.codedEstimate = Array(repeating: 1, count: JobLimits.codedEstimateBytes + 1)
        let frame = try RequestCodec.encode(job)
        #expect { try RequestCodec.decode(frame) } throws: { ($0 as? VerifierError)?.code == .invalidJob }
        job.codedEstimate.removeLast()
        #expect(try RequestCodec.decode(RequestCodec.encode(job)) == job)
    }

    private func wrapped(_ message: [UInt8]) throws(VerifierError) -> [UInt8] {
        do throws(WireError) {
            return try Frame.wrap(message, limit: Frame.requestLimit)
        } catch {
            throw VerifierError(.internalFailure, error.message)
        }
    }
}
