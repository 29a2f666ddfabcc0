import ArgumentParser
import BackendSelection
import CPUBackend
import EdgeRuntime
import Foundation
import Graphs
import Models
import Speculation
import VulkanBackend

/// `underpaint doctor`: what this machine has, and what is wrong with it.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Say what this machine computes with, whether the models are whole and the verifier answers.",
        discussion: """
            EXAMPLES
              underpaint doctor
              underpaint doctor --verifier http://127.0.0.1:7860
            EXIT CODES: 0 all is well, 69 something is not.
            """)

    @OptionGroup(title: "Verifier") var verifier: VerifierOptions
    @OptionGroup(title: "Models") var models: ModelOptions

    @Flag(help: "Only list the Vulkan devices, one a line.")
    var listDevices = false

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        try await reportingFailures {
            if listDevices {
                let devices = try VulkanBackend.devices().map { "\($0)" }
                return json ? try Terminal.printJSON(devices) : try devices.forEach { try Terminal.printResult($0) }
            }
            var findings = Diagnosis.machine + Diagnosis.libraries(threads: models.threads)
            findings.append(contentsOf: Diagnosis.devices)
            if verifier.address == nil {
                findings.append(Diagnosis.embedded(verifier.compute, threads: models.threads))
            }
            findings.append(contentsOf: Diagnosis.models(models, needsVerifier: verifier.address == nil))
            findings.append(Diagnosis.journal(Workbench.journal))
            if let address = verifier.address {
                findings.append(await Diagnosis.verifier(at: address, verifier))
            }
            if json {
                try Terminal.printJSON(findings)
            } else {
                for finding in findings { try Terminal.printResult(finding.line) }
            }
            let faults = findings.filter { !$0.isWell }.count
            guard faults == 0 else {
                throw Failure(ExitStatus.unavailable, "\(faults) of \(findings.count) findings need attention")
            }
        }
    }
}

/// One thing that was looked at.
struct Finding: Encodable {
    let name: String
    let text: String
    let isWell: Bool

    init(_ name: String, _ text: String, isWell: Bool = true) {
        self.name = name
        self.text = text
        self.isWell = isWell
    }

    var line: String {
        let title = name + String(repeating: " ", count: max(1, 12 - name.count))
        return "\(isWell ? "ok  " : "BAD ")\(title)\(text)"
    }
}

/// The examinations of `doctor`.
enum Diagnosis {
    static var machine: [Finding] {
        let memory = Double(ProcessInfo.processInfo.physicalMemory) / 1e9
        return [
            Finding("program", "underpaint \(UnderpaintCommand.configuration.version)"),
            Finding(
                "machine",
                "\(ProcessInfo.processInfo.activeProcessorCount) processors, \(memory.formatted(decimals: 1)) GB, "
                    + ProcessInfo.processInfo.operatingSystemVersionString),
            Finding("features", features.joined(separator: " ")),
        ]
    }

    static func libraries(threads: Int?) -> [Finding] {
        MatrixLibrary.allCases.map { library in
            let backend = CPUBackend(library: library, threads: ThreadPolicy(count: threads))
            let description = backend.description
            let use = library == backendDefault ? "computes the models" : "the portable alternative"
            let products = CPUBackend.precisions(of: library).map(\.rawValue).joined(separator: ", ")
            return Finding(
                "library",
                "\(description.library) (\(use)), products in \(products); own kernels: \(description.kernels), "
                    + counted(description.threadCount, "thread"))
        }
    }

    /// Every Vulkan device, with the reason why it is or is not used. That there is none is well: the processor computes then.
    static var devices: [Finding] {
        do throws(VulkanError) {
            let devices = try VulkanBackend.devices()
            guard !devices.isEmpty else { return [Finding("device", "the Vulkan loader finds no device")] }
            return devices.map { device in
                let use = device.reasonToSkip.map { "not used unless it is named: \($0)" } ?? "can compute"
                return Finding("device", "\(device) — \(use)")
            }
        } catch {
            return [Finding("device", "\(error)")]
        }
    }

    /// What the verifier inside this program would compute on.
    static func embedded(_ options: ComputeOptions, threads: Int?) -> Finding {
        do {
            let selected = try options.makeBackend(threads: ThreadPolicy(count: threads))
            let reason = selected.reason.map { " (\($0))" } ?? ""
            let tuned = (selected.backend as? VulkanBackend)?.tunedCount ?? 0
            let ways = tuned == 0 ? "" : ", \(tuned) products and attentions as `underpaint-verifier tune` measured"
            return Finding("verifier", "embedded, it computes on \(selected.backend.name)\(ways)\(reason)")
        } catch {
            return Finding("verifier", "\(error)", isWell: false)
        }
    }

    /// The models that would be used, every file compared with its manifest.
    static func models(_ options: ModelOptions, needsVerifier: Bool) -> [Finding] {
        do throws(ModelError) {
            let pair = try options.pair(needsVerifier: needsVerifier)
            let verifiers = needsVerifier ? [pair.verifier.folder] : []
            return ([pair.draft.folder] + verifiers + [pair.shared.folder]).map { folder in
                Finding("model", "\(folder.manifest.id) \(folder.manifest.version) is whole, in \(folder.path)")
            }
        } catch {
            return [Finding("model", "\(error)", isWell: false)]
        }
    }

    static func journal(_ journal: HandoffJournal) -> Finding {
        let entries: [HandoffJournal.Entry]
        do {
            entries = try journal.all()
        } catch {
            return Finding("journal", "\(error)", isWell: false)
        }
        let busy = entries.filter(\.isInUse).count
        let waiting = entries.count - busy
        let text =
            waiting == 0
            ? "no picture waits for a verifier" : "waiting: \(counted(waiting, "picture")), `underpaint resume --list`"
        return Finding("journal", text + (busy == 0 ? "" : "; \(busy) are being worked on"))
    }

    static func verifier(at address: String, _ options: VerifierOptions) async -> Finding {
        do {
            let description = try await options.transport(to: address).availability()
            let models = description.models.map(\.identity.id).joined(separator: ", ")
            return Finding(
                "verifier",
                "\(address) has \(models.isEmpty ? "no model yet" : models), \(description.waitingJobCount) jobs wait",
                isWell: description.isReady)
        } catch {
            return Finding("verifier", Failure(error).message, isWell: false)
        }
    }

    private static let backendDefault = CPUBackend().library

    /// The processor features that the kernels choose by, as Linux names them.
    private static var features: [String] {
        let known = ["avx2", "fma", "f16c", "avx512f", "avx512_bf16", "avx512_vnni", "amx_bf16", "asimd", "sve"]
        guard let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix("flags") || $0.hasPrefix("Features") })
        else { return ["unknown"] }
        let present = Set(line.split(whereSeparator: { $0 == " " || $0 == ":" || $0 == "\t" }).map(String.init))
        return known.filter(present.contains)
    }
}
