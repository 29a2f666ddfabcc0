import Foundation
import Pictures
import Speculation
import Testing
import VerificationTestSupport

@testable import EdgeRuntime

@Suite struct PlanningCacheTests {
    private let cache = PlanningCache(
        folder: FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString))
    private let speed = DeviceSpeed(secondsPerStep: 0.01, fixedSeconds: 0.002, decodeSeconds: 0.03)

    @Test func whatIsKeptIsFoundUnderItsOwnKey() {
        defer { try? FileManager.default.removeItem(at: cache.folder) }
        #expect(cache.value("speed", key: "a/b\nc", as: DeviceSpeed.self) == nil)
        #expect(cache.keep(speed, "speed", key: "a/b\nc"))
        #expect(cache.value("speed", key: "a/b\nc", as: DeviceSpeed.self) == speed)
        #expect(cache.value("speed", key: "a/b\nd", as: DeviceSpeed.self) == nil)
        #expect(cache.value("other", key: "a/b\nc", as: DeviceSpeed.self) == nil)
    }

    /// Every cut and many flips: the file is read as it was, or not at all.
    @Test func damagedFilesAreNone() throws {
        defer { try? FileManager.default.removeItem(at: cache.folder) }
        cache.keep(speed, "speed", key: "k")
        let file = cache.file("speed", "k")
        let whole = try Data(contentsOf: file)
        for length in 0..<whole.count - 1 {
            try whole.prefix(length).write(to: file)
            #expect(cache.value("speed", key: "k", as: DeviceSpeed.self) == nil)
        }
        let other = String(decoding: whole, as: UTF8.self).replacingOccurrences(
            of: "\"format\" : 1", with: "\"format\" : 2")
        #expect(other != String(decoding: whole, as: UTF8.self))
        try Data(other.utf8).write(to: file)
        #expect(cache.value("speed", key: "k", as: DeviceSpeed.self) == nil)
        // Two keys whose names fall on one file are still told apart.
        cache.keep(speed, "speed", key: "k")
        try FileManager.default.copyItem(at: file, to: cache.file("speed", "collision"))
        #expect(cache.value("speed", key: "collision", as: DeviceSpeed.self) == nil)
    }

    @Test func aFolderThatCannotBeWrittenCostsNothing() {
        let nowhere = PlanningCache(folder: URL(fileURLWithPath: "/proc/no/such"))
        #expect(!nowhere.keep(speed, "speed", key: "k"))
        #expect(nowhere.value("speed", key: "k", as: DeviceSpeed.self) == nil)
    }

    @Test func theFolderFollowsTheBaseDirectoryRules() {
        #expect(PlanningCache.standard(environment: ["XDG_CACHE_HOME": "/x"]).folder.path == "/x/underpaint/planning")
        #expect(
            PlanningCache.standard(environment: ["XDG_CACHE_HOME": "relative"]).folder.path.hasSuffix(
                ".cache/underpaint/planning"))
    }
}

@Suite struct VerifierNotesTests {
    private let model = SampleJob.verifier

    private func description(wait: Double? = 2) -> VerifierDescription {
        var models = SampleJob.models
        models[0].pace = VerifierPace(secondsPerEvaluation: 0.02, fixedSeconds: 0.05)
        return VerifierDescription(models: models, isReady: true, waitingJobCount: 1, expectedWaitSeconds: wait)
    }

    @Test func askingTellsPaceWaitAndRoundTrip() {
        var notes = VerifierNotes()
        #expect(!notes.isFresh(now: 1000))
        notes.note(description(), model: model, opening: TransferLog.Opening(seconds: 0.1), now: 1000)
        #expect(notes.pace?.secondsPerEvaluation == 0.02)
        #expect(notes.network?.roundTripSeconds == 0.05)
        #expect(notes.isFresh(now: 1200) && !notes.isFresh(now: 1301) && !notes.isFresh(now: 900))
        #expect(notes.expectedWait(now: 1010) == 2)
        // A minute later nobody knows any more.
        #expect(notes.expectedWait(now: 1060) == 0)
    }

    @Test func whatADiskMaySayIsCleaned() {
        var notes = VerifierNotes()
        notes.network = NetworkEstimate(roundTripSeconds: -1)
        notes.pace = VerifierPace(secondsPerEvaluation: .infinity, fixedSeconds: 0)
        notes.payload = PayloadEstimate(latentBytes: -5, pictureBytes: 1)
        notes.waitSeconds = .nan
        let cleaned = notes.cleaned
        #expect(cleaned.network == nil && cleaned.pace == nil && cleaned.payload == nil && cleaned.waitSeconds == 0)
    }

    /// A made-up network and verifier: the notes must find the figures that the times were made from.
    @Test func aFinishedPictureShowsTheRates() throws {
        let truth = NetworkEstimate(
            roundTripSeconds: 0.3, uploadBytesPerSecond: 90_000, downloadBytesPerSecond: 200_000)
        var notes = VerifierNotes()
        notes.note(description(), model: model, opening: TransferLog.Opening(seconds: 0.6), now: 0)
        var job = SampleJob.make()
        job.codedEstimate = [UInt8](repeating: 0, count: 1000)
        let telemetry = VerificationTelemetry(
            levels: [], reentryStep: 20, verifierEvaluations: 5, verifierOnlyEvaluations: 25,
            stages: [StageTime(name: "refine", milliseconds: 100), StageTime(name: "decode", milliseconds: 50)],
            receivedBytes: 1000)
        let uploading = 1500.0 / 90_000
        let total = truth.seconds(uploadBytes: 1500, downloadBytes: 20_000) + 0.15 + 0.7
        let report = MakingReport(
            job: job, origin: .hybrid, edgeSeconds: 1, verifierSeconds: total, queuedSeconds: 0.7,
            resultBytes: 20_000, verification: telemetry, unknownWords: [])
        let finished = FinishedPicture(
            picture: .init(width: 1, height: 1, rgb: [0, 0, 0]), job: job, report: report)
        notes.note(finished, opening: TransferLog.Opening(seconds: 0.6 + uploading))
        let network = try #require(notes.network)
        #expect(abs((network.uploadBytesPerSecond ?? 0) / 90_000 - 1) < 0.01)
        #expect(abs((network.downloadBytesPerSecond ?? 0) / 200_000 - 1) < 0.01)
        #expect(notes.payload == PayloadEstimate(latentBytes: 1000, pictureBytes: 20_000))
        // Four fifths of what the verifier said, a fifth of what the job showed.
        #expect(abs((notes.pace?.secondsPerEvaluation ?? 0) - 0.02) < 1e-9)
        #expect(abs((notes.pace?.fixedSeconds ?? 0) - 0.05) < 1e-9)
    }
}
