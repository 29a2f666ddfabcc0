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
            of: "\"format\" : 2", with: "\"format\" : 1")
        #expect(other != String(decoding: whole, as: UTF8.self))
        try Data(other.utf8).write(to: file)
        #expect(cache.value("speed", key: "k", as: DeviceSpeed.self) == nil)
        // Two keys whose names fall on one file are still told apart.
        cache.keep(speed, "speed", key: "k")
        try FileManager.default.copyItem(at: file, to: cache.file("speed", "collision"))
        #expect(cache.value("speed", key: "collision", as: DeviceSpeed.self) == nil)
    }

    /// Whatever pictures have changed of it since: what was measured on a busy day is measured again some day.
    @Test func aMeasurementHoldsForSomeDays() throws {
        defer { try? FileManager.default.removeItem(at: cache.folder) }
        cache.keep(speed, "speed", key: "k")
        let file = cache.file("speed", "k")
        func age(_ seconds: Double) throws {
            var entry = try #require(
                try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
            entry["measuredAt"] = Date().timeIntervalSince1970 - seconds
            try JSONSerialization.data(withJSONObject: entry).write(to: file)
        }
        try age(PlanningCache.holdsFor - 60)
        #expect(cache.value("speed", key: "k", as: DeviceSpeed.self) == speed)
        cache.keep(speed, "speed", key: "k", isNew: false)
        try age(PlanningCache.holdsFor + 60)
        #expect(cache.value("speed", key: "k", as: DeviceSpeed.self) == nil)
        cache.keep(speed, "speed", key: "k", isNew: false)
        #expect(cache.value("speed", key: "k", as: DeviceSpeed.self) == nil, "it follows what was measured")
        cache.keep(speed, "speed", key: "k")
        #expect(cache.value("speed", key: "k", as: DeviceSpeed.self) == speed)
        // Of a clock that was set back.
        try age(-60)
        #expect(cache.value("speed", key: "k", as: DeviceSpeed.self) == nil)
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
    /// The size that the verifier measures itself at, and one of half as many elements more.
    private let small = SampleJob.models[0].latentShapes[0]
    private let large = SampleJob.latentShape

    /// A picture of five evaluations, none of which is a check's, and half of that in decoding.
    private func finished(isLarge: Bool, secondsPerEvaluation: Double) -> FinishedPicture {
        var job = SampleJob.make()
        job.latentShape = isLarge ? large : small
        let telemetry = VerificationTelemetry(
            levels: [], reentryStep: 20, verifierEvaluations: 5, verifierOnlyEvaluations: 25,
            stages: [
                StageTime(name: "refine", milliseconds: 5000 * secondsPerEvaluation),
                StageTime(name: "decode", milliseconds: 2500 * secondsPerEvaluation),
            ],
            receivedBytes: 1000)
        let report = MakingReport(
            job: job, origin: .hybrid, edgeSeconds: 1, verifierSeconds: 10 * secondsPerEvaluation,
            resultBytes: 20_000, verification: telemetry, unknownWords: [])
        return FinishedPicture(picture: .init(width: 1, height: 1, rgb: [0, 0, 0]), job: job, report: report)
    }

    /// What large pictures take is guessed from what the verifier says until one was made, and is then no other size's.
    @Test func everySizeHasAPaceOfItsOwn() throws {
        var notes = VerifierNotes()
        let opening = TransferLog.Opening(seconds: 0.1)
        notes.note(description(), model: model, opening: opening, now: 0)
        #expect(abs((notes.pace(for: large)?.secondsPerEvaluation ?? 0) - 0.03) < 1e-9)
        #expect(abs((notes.pace(for: large)?.fixedSeconds ?? 0) - 0.075) < 1e-9)
        #expect(notes.payload(for: large) == nil)
        notes.note(finished(isLarge: true, secondsPerEvaluation: 0.4), opening: opening)
        #expect(abs((notes.pace(for: large)?.secondsPerEvaluation ?? 0) - 0.4) < 1e-9)
        #expect(notes.payload(for: large)?.pictureBytes == 20_000)
        #expect(notes.pace(for: small)?.secondsPerEvaluation == 0.02 && notes.payload(for: small) == nil)
        // A fifth of what the job showed.
        notes.note(finished(isLarge: false, secondsPerEvaluation: 0.12), opening: opening)
        #expect(abs((notes.pace(for: small)?.secondsPerEvaluation ?? 0) - 0.04) < 1e-9)
        // What a verifier says of itself drifts with its jobs; a third of it is another one's, or another machine's.
        for (stated, now) in [(0.02, 400.0), (0.03, 800)] {
            notes.note(description(secondsPerEvaluation: stated), model: model, opening: opening, now: now)
            #expect(abs((notes.pace(for: large)?.secondsPerEvaluation ?? 0) - 0.4) < 1e-9)
        }
        notes.note(description(secondsPerEvaluation: 0.01), model: model, opening: opening, now: 1200)
        #expect(notes.pace(for: small)?.secondsPerEvaluation == 0.01)
        #expect(abs((notes.pace(for: large)?.secondsPerEvaluation ?? 0) - 0.015) < 1e-9)
    }

    private func description(wait: Double? = 2, secondsPerEvaluation: Double = 0.02) -> VerifierDescription {
        var models = SampleJob.models
        models[0].pace = VerifierPace(secondsPerEvaluation: secondsPerEvaluation, fixedSeconds: 0.05)
        return VerifierDescription(models: models, isReady: true, waitingJobCount: 1, expectedWaitSeconds: wait)
    }

    @Test func askingTellsPaceWaitAndRoundTrip() {
        var notes = VerifierNotes()
        #expect(!notes.isFresh(for: small, now: 1000))
        notes.note(description(), model: model, opening: TransferLog.Opening(seconds: 0.1), now: 1000)
        #expect(notes.pace(for: small)?.secondsPerEvaluation == 0.02)
        #expect(notes.network?.roundTripSeconds == 0.05)
        #expect(notes.isFresh(for: small, now: 1200))
        #expect(!notes.isFresh(for: small, now: 1301) && !notes.isFresh(for: small, now: 900))
        #expect(notes.expectedWait(now: 1010) == 2)
        // A minute later nobody knows any more.
        #expect(notes.expectedWait(now: 1060) == 0)
    }

    @Test func whatADiskMaySayIsCleaned() {
        var notes = VerifierNotes()
        notes.network = NetworkEstimate(roundTripSeconds: -1)
        let endless = VerifierPace(secondsPerEvaluation: .infinity, fixedSeconds: 0)
        notes.stated = VerifierNotes.StatedPace(pace: endless, elementCount: 1, size: "other")
        notes.sizes["\(small)"] = VerifierNotes.SizeNotes(
            pace: endless, payload: PayloadEstimate(latentBytes: -5, pictureBytes: 1))
        notes.waitSeconds = .nan
        let cleaned = notes.cleaned
        #expect(cleaned.network == nil && cleaned.pace(for: small) == nil && cleaned.payload(for: small) == nil)
        #expect(cleaned.waitSeconds == 0)
        notes.stated = VerifierNotes.StatedPace(
            pace: VerifierPace(secondsPerEvaluation: 1, fixedSeconds: 0), elementCount: 0, size: nil)
        #expect(notes.cleaned.stated == nil)
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
        #expect(notes.payload(for: job.latentShape) == PayloadEstimate(latentBytes: 1000, pictureBytes: 20_000))
        let pace = try #require(notes.pace(for: job.latentShape))
        #expect(abs(pace.secondsPerEvaluation - 0.02) < 1e-9 && abs(pace.fixedSeconds - 0.05) < 1e-9)
    }
}
