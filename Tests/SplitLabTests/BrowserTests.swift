import Foundation
import Testing

@testable import SplitLab

/// The report in a real browser, where there is one.
@Suite struct BrowserTests {
    private static let browser: String? = {
        let names = ["chromium", "chromium-browser", "google-chrome"]
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
        let found = folders.flatMap { folder in names.map { "\(folder)/\($0)" } }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
        if found == nil { print("BrowserTests are skipped: Chromium is not installed (Debian package `chromium`)") }
        return found
    }()

    @Test(.enabled(if: browser != nil, "Chromium is not installed (Debian package `chromium`)"))
    func theReportIsDrawnInLightAndDark() throws {
        let program = try #require(Self.browser)
        let folder = try SampleRuns.Folder()
        let page = try folder.write(try ReportTests.report(in: folder).html, "report.html")
        var backgrounds: Set<Data> = []
        for darkness in [[], ["--force-dark-mode", "--blink-settings=preferredColorScheme=0"]] {
            let shot = folder.url.appendingPathComponent("shot.png")
            try? FileManager.default.removeItem(at: shot)
            let end = try run(program, darkness + ["--screenshot=\(shot.path)", "--window-size=1000,1600", page.path])
            let picture = try #require(FileManager.default.contents(atPath: shot.path), "\(end)")
            // An empty page of this size takes some ten kilobytes.
            #expect(picture.count > 40_000)
            backgrounds.insert(picture)
            // What the page says of itself is on standard error; it must have nothing to complain of.
            #expect(!end.contains("CONSOLE"), "\(end)")
        }
        #expect(backgrounds.count == 2, "light and dark look the same")
        let dump = try run(program, ["--dump-dom", page.path])
        #expect(dump.contains("&lt;script&gt;alert("))
        #expect(dump.components(separatedBy: "<svg viewBox").count - 1 == 3 * 2 + 2)
    }

    /// Both outputs of a headless run.
    private func run(_ program: String, _ arguments: [String]) throws -> String {
        let output = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try Data().write(to: output)
        defer { try? FileManager.default.removeItem(at: output) }
        let browser = Process()
        browser.executableURL = URL(fileURLWithPath: program)
        browser.arguments =
            [
                "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-dev-shm-usage",
                "--enable-logging=stderr", "--v=0", "--user-data-dir=\(output.path)-profile",
            ] + arguments
        defer { try? FileManager.default.removeItem(atPath: output.path + "-profile") }
        let handle = try FileHandle(forWritingTo: output)
        browser.standardOutput = handle
        browser.standardError = handle
        try browser.run()
        browser.waitUntilExit()
        return String(decoding: try Data(contentsOf: output), as: UTF8.self)
    }
}
