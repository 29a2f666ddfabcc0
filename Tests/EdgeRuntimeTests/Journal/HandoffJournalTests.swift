import Foundation
import Speculation
import Testing
import VerificationTestSupport

@testable import EdgeRuntime

@Suite final class HandoffJournalTests {
    private let journal = HandoffJournal(
        folder: FileManager.default.temporaryDirectory.appendingPathComponent(JobID.random().text))

    deinit { try? FileManager.default.removeItem(at: journal.folder) }

    private var picture: UnfinishedPicture {
        UnfinishedPicture(
            job: SampleJob.make(), outputPath: "mug.png", verifier: "http://127.0.0.1:7860",
            createdAt: Date(timeIntervalSince1970: 1_700_000_000.25))
    }

    @Test func keptPictureComesBackWhole() throws {
        try journal.keep(picture)
        let file = journal.file(for: picture.job.id)
        var kept = try HandoffJournal.read(journal.file(for: picture.job.id))
        #expect(kept.file?.url == file)
        kept.file = nil
        #expect(kept == picture)
        // Nothing else is left of the writing.
        #expect(try FileManager.default.contentsOfDirectory(atPath: journal.folder.path) == [file.lastPathComponent])
        #expect(try journal.all().count == 1)
        try journal.forget(file)
        #expect(try journal.all().isEmpty)
        try journal.forget(file)
    }

    @Test func aFolderThatCannotBeReadIsNotAnEmptyOne() throws {
        // Where nothing was ever kept there is nothing.
        #expect(try journal.all().isEmpty)
        try FileManager.default.createDirectory(
            at: journal.folder.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data().write(to: journal.folder)
        defer { try? FileManager.default.removeItem(at: journal.folder) }
        let listing = try #require(throws: JournalError.self) { try journal.all() }
        #expect(listing.code == .damaged && "\(listing)".contains(journal.folder.path))
        let keeping = try #require(throws: JournalError.self) { try journal.checkWritable() }
        #expect(keeping.code == .notWritable)
    }

    @Test func whatIsKeptIsTheUsersAlone() throws {
        let place = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: place) }
        let journal = HandoffJournal(folder: place.appendingPathComponent("underpaint/unfinished"))
        try journal.checkWritable()
        for folder in [journal.folder, journal.folder.deletingLastPathComponent()] {
            let attributes = try FileManager.default.attributesOfItem(atPath: folder.path)
            #expect(attributes[.posixPermissions] as? Int == 0o700)
        }
    }

    @Test func lookingForRoomLeavesNothing() throws {
        try journal.checkWritable()
        #expect(try FileManager.default.contentsOfDirectory(atPath: journal.folder.path).isEmpty)
    }

    @Test func filesOfBeforeTellWholeSeconds() throws {
        let file = try journal.keep(picture).url
        let text = try String(contentsOf: file, encoding: .utf8)
        let former = text.replacingOccurrences(of: "13:20.250Z", with: "13:20Z")
        #expect(former != text)
        try former.write(to: file, atomically: true, encoding: .utf8)
        #expect(try HandoffJournal.read(file).createdAt == Date(timeIntervalSince1970: 1_700_000_000))
    }

    @Test func aPictureIsWorkedOnByOneAtATime() throws {
        let file = journal.file(for: picture.job.id)
        var held: HandoffFile? = try journal.keep(picture)
        #expect(try held?.url == file && journal.all().map(\.isInUse) == [true])
        let taking = try #require(throws: JournalError.self) { try HandoffJournal.take(file) }
        let forgetting = try #require(throws: JournalError.self) { try journal.forget(file) }
        #expect(taking.code == .inUse && forgetting.code == .inUse)
        // Looking at it is no work.
        #expect(try HandoffJournal.read(file).job == picture.job)
        held = nil
        #expect(try journal.all().map(\.isInUse) == [false])
        let taken = try HandoffJournal.take(file)
        #expect(try taken.job == picture.job && journal.all().map(\.isInUse) == [true])
        try taken.file?.remove()
        #expect(!FileManager.default.fileExists(atPath: file.path))
        let gone = try #require(throws: JournalError.self) { try HandoffJournal.take(file) }
        #expect(gone.code == .notFound)
    }

    /// Keeping again puts another file in the place of the one that is held.
    @Test func aPictureThatIsKeptAnewIsHeldAnew() throws {
        let first = try journal.keep(picture)
        let second = try journal.keep(picture)
        #expect(try first.url == second.url && journal.all().map(\.isInUse) == [true])
        let error = try #require(throws: JournalError.self) { try HandoffJournal.take(second.url) }
        #expect(error.code == .inUse)
        try second.remove()
        #expect(try journal.all().isEmpty)
    }

    @Test func whatCannotBeForgottenIsSaid() throws {
        try FileManager.default.createDirectory(
            at: journal.folder.appendingPathComponent("stuck.handoff"), withIntermediateDirectories: true)
        let error = try #require(throws: JournalError.self) {
            try journal.forget(journal.folder.appendingPathComponent("stuck.handoff"))
        }
        #expect(error.code == .notWritable)
    }

    @Test func aFileElsewhereIsNamedByItsPathAndForgottenOnlyIfItIsAHandOff() throws {
        try journal.keep(picture)
        let id = picture.job.id
        let file = journal.file(for: id)
        let copy = journal.folder.appendingPathComponent("elsewhere/copy.handoff")
        try FileManager.default.createDirectory(
            at: copy.deletingLastPathComponent(), withIntermediateDirectories: false)
        try FileManager.default.copyItem(at: file, to: copy)
        #expect(journal.name(of: id, keptIn: file) == id.text && journal.name(of: id, keptIn: copy) == copy.path)
        #expect(try journal.file(named: id.text).path == file.path)
        #expect(try journal.file(named: copy.path).path == copy.path)
        #expect(try HandoffJournal.take(copy).file?.url == copy)
        try journal.forget(copy)
        #expect(try !FileManager.default.fileExists(atPath: copy.path) && journal.all().count == 1)
        try Data("{}".utf8).write(to: copy)
        let error = try #require(throws: JournalError.self) { try journal.forget(copy) }
        #expect(error.code == .damaged && FileManager.default.fileExists(atPath: copy.path))
        // One of the journal can be forgotten however it looks inside.
        try Data("{}".utf8).write(to: file)
        try journal.forget(file)
        #expect(try journal.all().isEmpty)
    }

    @Test func missingPictureIsNotFound() throws {
        let error = try #require(throws: JournalError.self) {
            try HandoffJournal.read(journal.file(for: picture.job.id))
        }
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
        let entries = try journal.all()
        #expect(entries.count == 2)
        #expect(entries.filter { (try? $0.picture.get()) != nil }.count == 1)
    }

    @Test func folderThatCannotBeMadeIsSaid() throws {
        let blocked = HandoffJournal(folder: URL(fileURLWithPath: "/dev/null/unfinished"))
        let error = try #require(throws: JournalError.self) { try blocked.keep(picture) }
        #expect(error.code == .notWritable)
        let early = try #require(throws: JournalError.self) { try blocked.checkWritable() }
        #expect(early.code == .notWritable)
        try journal.checkWritable()
        #expect(try journal.all().isEmpty)
    }

    @Test func standardFolderFollowsTheBaseDirectoryRules() {
        let configured = HandoffJournal.standard(environment: ["XDG_STATE_HOME": "/state"])
        #expect(configured.folder.path == "/state/underpaint/unfinished")
        let home = HandoffJournal.standard(environment: ["XDG_STATE_HOME": "relative"])
        #expect(home.folder.path.hasSuffix("/.local/state/underpaint/unfinished"))
    }
}
