import EdgeRuntime
import Foundation
import Speculation
import Testing
import VerificationTestSupport

@Suite final class HandoffJournalTests {
    private let journal = HandoffJournal(
        folder: FileManager.default.temporaryDirectory.appendingPathComponent(JobID.random().text))

    deinit { try? FileManager.default.removeItem(at: journal.folder) }

    private var picture: UnfinishedPicture {
        UnfinishedPicture(
            job: SampleJob.make(), outputPath: "mug.png", verifier: "http://127.0.0.1:7860",
            createdAt: Date(timeIntervalSince1970: 1_700_000_000))
    }

    @Test func keptPictureComesBackWhole() throws {
        try journal.keep(picture)
        #expect(try journal.picture(of: picture.job.id) == picture)
        #expect(journal.all().count == 1)
        journal.forget(picture.job.id)
        #expect(journal.all().isEmpty)
        journal.forget(picture.job.id)
    }

    @Test func missingPictureIsNotFound() throws {
        let error = try #require(throws: JournalError.self) { try journal.picture(of: picture.job.id) }
        #expect(error.code == .notFound)
    }

    @Test func everyTruncationIsDamage() throws {
        try journal.keep(picture)
        let file = journal.file(for: picture.job.id)
        let contents = try Data(contentsOf: file)
        for count in 0..<contents.count {
            try contents.prefix(count).write(to: file)
            let error = try #require(throws: JournalError.self, "\(count) bytes") { try HandoffJournal.read(file) }
            #expect(error.code == .damaged)
        }
    }

    @Test func flippedByteOfTheRequestIsDamage() throws {
        try journal.keep(picture)
        let file = journal.file(for: picture.job.id)
        let contents = try Data(contentsOf: file)
        let key = try #require(contents.range(of: Data(#""request" : ""#.utf8)))
        for offset in stride(from: 0, to: 200, by: 3) {
            var damaged = contents
            let index = key.upperBound + offset
            damaged[index] = damaged[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            try damaged.write(to: file)
            #expect(throws: JournalError.self, "byte \(offset)") { try HandoffJournal.read(file) }
        }
    }

    @Test func damagedFileIsListedWithItsErrorAndDoesNotHideTheOthers() throws {
        try journal.keep(picture)
        try Data("{}".utf8).write(to: journal.folder.appendingPathComponent("broken.handoff"))
        let entries = journal.all()
        #expect(entries.count == 2)
        #expect(entries.filter { (try? $0.picture.get()) != nil }.count == 1)
    }

    @Test func folderThatCannotBeMadeIsSaid() throws {
        let blocked = HandoffJournal(folder: URL(fileURLWithPath: "/dev/null/unfinished"))
        let error = try #require(throws: JournalError.self) { try blocked.keep(picture) }
        #expect(error.code == .notWritable)
    }

    @Test func standardFolderFollowsTheBaseDirectoryRules() {
        let configured = HandoffJournal.standard(environment: ["XDG_STATE_HOME": "/state"])
        #expect(configured.folder.path == "/state/underpaint/unfinished")
        let home = HandoffJournal.standard(environment: ["XDG_STATE_HOME": "relative"])
        #expect(home.folder.path.hasSuffix("/.local/state/underpaint/unfinished"))
    }
}
