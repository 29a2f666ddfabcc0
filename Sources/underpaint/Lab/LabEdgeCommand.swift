import ArgumentParser
import CPUBackend
import EdgeRuntime
import Foundation
import SplitLab

/// `underpaint lab edge`: the drafting side of an experiment; `lab split` starts it.
struct LabEdgeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "edge",
        abstract: "Make pictures as an experiment asks for them, one JSON line each way.", shouldDisplay: false)

    @OptionGroup(title: "Models") var models: ModelOptions

    func run() async throws {
        try await reportingFailures {
            let environment = ProcessInfo.processInfo.environment
            let pair = try models.pair()
            let backend = CPUBackend(threads: ThreadPolicy(count: models.threads))
            let worker = EdgeWorker(
                painter: try DraftPainter(models: pair, backend: backend), journal: Workbench.journal,
                cache: .standard(environment: environment), computation: Workbench.computation(backend))
            await worker.serve(nextLine: { readLine() }) { line in
                print(line)
                fflush(nil)
            }
        }
    }
}
