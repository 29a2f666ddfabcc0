import Foundation
import Testing

/// A working folder of its own for one test, and the program to run in it.
final class Folder {
    struct End {
        let status: Int32
        let output: String
        let errors: String
    }

    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    func has(_ name: String) -> Bool {
        FileManager.default.fileExists(atPath: url.appendingPathComponent(name).path)
    }

    /// The ids of the pictures that are kept for `resume`.
    var handoffs: [String] {
        let kept = url.appendingPathComponent("state/underpaint/unfinished")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: kept.path)) ?? []
        return names.filter { $0.hasSuffix(".handoff") }.map { String($0.dropLast(".handoff".count)) }
    }

    func contents(_ name: String) throws -> Data {
        try Data(contentsOf: url.appendingPathComponent(name))
    }

    func run(_ arguments: String...) throws -> End {
        try run(arguments)
    }

    /// - Parameters:
    ///   - program: beside the usual one; nil for that itself.
    ///   - environment: besides the usual one.
    func run(
        _ arguments: [String], program name: String? = nil, environment: [String: String] = [:]
    ) throws -> End {
        let (output, errors) = (url.appendingPathComponent("stdout"), url.appendingPathComponent("stderr"))
        for file in [output, errors] { try Data().write(to: file) }
        let program = try prepare(arguments)
        if let name {
            program.executableURL = try Folder.program.deletingLastPathComponent().appendingPathComponent(name)
        }
        program.environment?.merge(environment) { $1 }
        program.standardOutput = try FileHandle(forWritingTo: output)
        program.standardError = try FileHandle(forWritingTo: errors)
        try program.run()
        program.waitUntilExit()
        return End(
            status: program.terminationStatus, output: String(decoding: try Data(contentsOf: output), as: UTF8.self),
            errors: String(decoding: try Data(contentsOf: errors), as: UTF8.self))
    }

    /// A program that runs on while the test does something to it.
    ///
    /// - Parameters:
    ///   - output: the file for its standard output.
    ///   - results: what is there already, for its standard output.
    ///   - errors: what is there already, for its standard error.
    func start(
        _ arguments: [String], output: String? = nil, results: String = "/dev/null", errors: String = "/dev/null"
    ) throws -> Process {
        let program = try prepare(arguments)
        program.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: results))
        if let output {
            let file = url.appendingPathComponent(output)
            try Data().write(to: file)
            program.standardOutput = try FileHandle(forWritingTo: file)
        }
        program.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: errors))
        try program.run()
        return program
    }

    /// The program with a pipe in the place of one of its outputs.
    func start(_ arguments: [String], results: Pipe? = nil, errors: Pipe? = nil) throws -> Process {
        let program = try prepare(arguments)
        program.standardOutput = results ?? FileHandle.nullDevice
        program.standardError = errors ?? FileHandle.nullDevice
        try program.run()
        return program
    }

    /// A verifier that ends with the returned pipe, and its address.
    func startVerifier() throws -> (program: Process, input: Pipe, address: String) {
        let (program, input) = (try prepare(["serve", "--port", "0", "--child"]), Pipe())
        program.executableURL = try Folder.program.deletingLastPathComponent()
            .appendingPathComponent("underpaint-verifier")
        program.standardInput = input
        program.standardError = FileHandle.nullDevice
        let output = url.appendingPathComponent("address")
        try Data().write(to: output)
        program.standardOutput = try FileHandle(forWritingTo: output)
        try program.run()
        while program.isRunning, try !contents("address").contains(UInt8(ascii: "\n")) {
            Thread.sleep(forTimeInterval: 0.01)
        }
        let address = String(decoding: try contents("address"), as: UTF8.self)
        return (program, input, address.trimmingCharacters(in: .newlines))
    }

    private func prepare(_ arguments: [String]) throws -> Process {
        let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Fixtures/tiny").path
        let program = Process()
        program.executableURL = try Folder.program
        program.arguments = arguments
        program.currentDirectoryURL = url
        program.environment = [
            "UNDERPAINT_MODELS": fixtures, "XDG_STATE_HOME": url.appendingPathComponent("state").path,
            "XDG_CACHE_HOME": url.appendingPathComponent("cache").path, "HOME": url.path,
        ]
        return program
    }

    /// The program stands beside the bundle of the tests.
    private static var program: URL {
        get throws {
            let places = [Bundle.main.bundleURL, URL(fileURLWithPath: CommandLine.arguments[0])]
            return try #require(
                places.flatMap { [$0, $0.deletingLastPathComponent()] }
                    .map { $0.appendingPathComponent("underpaint") }
                    .first { FileManager.default.isExecutableFile(atPath: $0.path) },
                "build the product `underpaint` first; looked beside \(places)")
        }
    }
}
