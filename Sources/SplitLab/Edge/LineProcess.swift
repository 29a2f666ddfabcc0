import BaseDirectories
import EdgeRuntime
public import Foundation

/// A child process that is asked and answers by lines; it ends when its input does.
///
/// Every child has a process group of its own (Foundation starts it so). Should the lab die while it holds a child
/// stopped, that group is orphaned: the kernel wakes it, and it finds its input ended.
public final class LineProcess {
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    private var rest: [UInt8] = []

    public var identifier: pid_t { process.processIdentifier }
    public var isRunning: Bool { process.isRunning }

    /// Starts a program.
    ///
    /// - Parameter errors: where its standard error goes.
    /// - Throws: `LabError.program`.
    public init(
        program: URL, arguments: [String], environment: [String: String], errors: FileHandle
    ) throws(LabError) {
        process.executableURL = program
        process.arguments = arguments
        process.environment = environment
        process.standardInput = input
        process.standardOutput = output
        process.standardError = errors
        do {
            try process.run()
        } catch {
            throw .program("\(program.path) cannot be started: \(error.reason)")
        }
        // Only the child must hold its ends, or none would ever see the other's.
        try? input.fileHandleForReading.close()
        try? output.fileHandleForWriting.close()
    }

    /// Sends one line; a child that is gone shows when its answer is read.
    public func send(_ line: String) {
        ignoreBrokenPipesOnThisThread()
        var bytes = Array((line + "\n").utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes {
                write(input.fileHandleForWriting.fileDescriptor, $0.baseAddress, $0.count)
            }
            guard count > 0 || errno == EINTR else { return }
            bytes.removeFirst(max(0, count))
        }
    }

    /// Waits for the next line; nil when the child has closed its output.
    public func readLine() -> String? {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            if let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                defer { rest.removeSubrange(...end) }
                return String(decoding: rest[..<end], as: UTF8.self)
            }
            let count = buffer.withUnsafeMutableBytes {
                read(output.fileHandleForReading.fileDescriptor, $0.baseAddress, $0.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return nil }
            rest.append(contentsOf: buffer[..<count])
        }
    }

    /// Ends the child by closing its input and waits for it; kills it if it does not go.
    public func end(patience: Duration = .seconds(10)) {
        try? input.fileHandleForWriting.close()
        let deadline = ContinuousClock.now + patience
        while process.isRunning, ContinuousClock.now < deadline { usleep(10_000) }
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
    }
}
