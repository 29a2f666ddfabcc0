import ArgumentParser
import Diffusion
import EdgeRuntime
import Foundation
import Models
import Speculation
import SplitLab
import VulkanBackend

/// An end that is not success, with the words and the exit code for it.
struct Failure: Error {
    let status: Int32
    let message: String

    init(_ status: Int32, _ message: String) {
        self.status = status
        self.message = message
    }
}

/// Runs a command and turns whatever goes wrong into words on standard error and an exit code.
func reportingFailures(_ work: () async throws -> Void) async throws {
    do {
        try await work()
    } catch {
        let failure = Failure(error)
        Terminal.write("underpaint: \(failure.message)\n")
        throw ExitCode(failure.status)
    }
}

extension Failure {
    /// What any error of the rooms below means for the person who ran the command.
    init(_ error: any Error) {
        switch error {
        case let failure as Failure: self = failure
        case is CancellationError: self.init(ExitStatus.interrupted, "stopped")
        case let error as ModelError: self.init(Failure.status(of: error), "\(error)")
        case let error as PromptFileError:
            self.init(error.code == .unreadable ? ExitStatus.noInput : ExitStatus.dataError, "\(error)")
        case let error as JournalError: self.init(Failure.status(of: error), "\(error)")
        case let error as DiffusionError: self.init(Failure.status(of: error), "\(error)")
        case let error as TransportError: self.init(Failure.status(of: error), "\(error)")
        case let error as VerifierError:
            // One of the verifier's own comes as the cause of another error: this job was refused before it was sent.
            self.init(error.code == .invalidJob ? ExitStatus.usage : ExitStatus.dataError, "\(error)")
        case let error as CodingLabError: self.init(ExitStatus.noInput, "\(error)")
        case is VulkanError: self.init(ExitStatus.unavailable, "\(error)")
        case is SpeculationError: self.init(ExitStatus.usage, "\(error)")
        case let error as UnverifiedError: self.init(error)
        case let error as LabError: self.init(Failure.status(of: error), "\(error)")
        default: self.init(ExitStatus.software, "\(error)")
        }
    }

    private init(_ error: UnverifiedError) {
        let isStopped = error.cause is CancellationError
        let cause = isStopped ? "stopped" : "the verifier did not finish the picture: \(error.cause)"
        let reason = cause + Failure.advice(for: error.cause)
        guard FileManager.default.fileExists(atPath: error.file.path) else {
            self.init(
                isStopped ? ExitStatus.interrupted : ExitStatus.unavailable,
                "\(reason)\nNothing of it is kept: \(error.file.path) was removed meanwhile")
            return
        }
        let name = Workbench.journal.name(of: error.job, keptIn: error.file)
        self.init(
            isStopped ? ExitStatus.interrupted : ExitStatus.tryLater,
            """
            \(reason)
            What there is of it is kept in \(error.file.path)
              underpaint resume \(name)             sends it again
              underpaint resume \(name) --offline   finishes it here with the draft alone
              underpaint resume \(name) --drop      forgets it
            """)
    }

    /// What else can be done where a verifier speaks only an older version.
    private static func advice(for cause: any Error) -> String {
        guard case TransportError.refused(let refusal) = cause, refusal.code == .unsupportedVersion else { return "" }
        return ". Until then --steps N, as many for both models, asks an older one for nothing that it does not know"
    }

    private static func status(of error: ModelError) -> Int32 {
        switch error {
        case .notFound, .missingFile, .unreadable: ExitStatus.noInput
        case .unsupportedSize, .guidanceOutOfRange, .noCritic: ExitStatus.usage
        default: ExitStatus.dataError
        }
    }

    private static func status(of error: JournalError) -> Int32 {
        switch error.code {
        case .notFound: ExitStatus.noInput
        case .damaged: ExitStatus.dataError
        case .notWritable: ExitStatus.cannotCreate
        case .inUse: ExitStatus.tryLater
        }
    }

    private static func status(of error: LabError) -> Int32 {
        switch error {
        case .invalidNetwork, .invalidPlan: ExitStatus.usage
        case .relay, .program, .run: ExitStatus.unavailable
        case .damagedFile: ExitStatus.noInput
        case .notMeasurable: ExitStatus.dataError
        case .notWritable: ExitStatus.cannotCreate
        }
    }

    private static func status(of error: DiffusionError) -> Int32 {
        switch error {
        case .stepCountOutOfRange, .shiftOutOfRange: ExitStatus.usage
        default: ExitStatus.software
        }
    }

    private static func status(of error: TransportError) -> Int32 {
        if case .invalidAddress = error { return ExitStatus.usage }
        return ExitStatus.unavailable
    }
}
