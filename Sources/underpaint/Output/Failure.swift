import ArgumentParser
import Diffusion
import EdgeRuntime
import Foundation
import Models
import Speculation

/// An end that is not success, with the words and the exit code for it.
struct Failure: Error {
    let status: Int32
    let message: String

    init(_ status: Int32, _ message: String) {
        self.status = status
        self.message = message
    }
}

/// Runs a command and turns whatever goes wrong into one line on standard error and an exit code.
func reportingFailures(_ work: () async throws -> Void) async throws {
    do {
        try await work()
    } catch let failure as Failure {
        Terminal.write("underpaint: \(failure.message)\n")
        throw ExitCode(failure.status)
    } catch is CancellationError {
        Terminal.write("\nunderpaint: stopped\n")
        throw ExitCode(ExitStatus.interrupted)
    } catch let error as ModelError {
        Terminal.write("underpaint: \(error)\n")
        throw ExitCode(ExitStatus.noInput)
    } catch let error as JournalError {
        Terminal.write("underpaint: \(error)\n")
        throw ExitCode(error.code == .notWritable ? ExitStatus.cannotCreate : ExitStatus.dataError)
    } catch let error as VerifierError {
        Terminal.write("underpaint: \(error)\n")
        throw ExitCode(ExitStatus.dataError)
    } catch let error as DiffusionError {
        Terminal.write("underpaint: \(error)\n")
        throw ExitCode(ExitStatus.dataError)
    } catch let error as UnverifiedError {
        Terminal.write(
            """
            underpaint: the verifier did not finish the picture: \(error.cause)
            The draft is kept in \(error.file.path)
              underpaint resume \(error.job)             sends it again
              underpaint resume \(error.job) --offline   finishes it here with the draft alone

            """)
        throw ExitCode(ExitStatus.tryLater)
    } catch {
        Terminal.write("underpaint: \(error)\n")
        throw ExitCode(ExitStatus.software)
    }
}
