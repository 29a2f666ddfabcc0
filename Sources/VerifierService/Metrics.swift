import Speculation
import VerifierRuntime

/// A host's counters in Prometheus' text format, version 0.0.4.
struct Metrics {
    static let mediaType = "text/plain; version=0.0.4; charset=utf-8"

    private(set) var text = ""

    init(of host: VerifierHost) {
        let (tally, description) = (host.tally, host.description)
        counter("jobs_delivered", "Jobs that ended with a result.", tally.deliveredCount)
        counter(
            "problems", "Requests that were refused, and jobs that were cancelled or failed.",
            VerifierError.Code.allCases.map { ("code", $0.rawValue, Double(tally.problems[$0] ?? 0)) })
        let drafts = tally.drafts
        counter(
            "drafts", "Pictures by what became of their draft.",
            [
                ("verdict", "accepted", Double(drafts.acceptedCount)),
                ("verdict", "corrected", Double(drafts.correctedCount)),
                ("verdict", "dropped", Double(drafts.droppedCount)),
            ])
        counter("evaluations", "Evaluations of the verifier for pictures with a draft.", drafts.verifierEvaluations)
        counter(
            "evaluations_alone", "Evaluations that the same pictures would have taken without one.",
            drafts.verifierOnlyEvaluations)
        counter(
            "stage_seconds", "Seconds of computing.",
            tally.stageSeconds.sorted { $0.key < $1.key }.map { ("stage", $0.key, $0.value) })
        counter("received_bytes", "Bytes of coded latents of delivered jobs.", tally.receivedBytes)
        counter("sent_bytes", "Bytes of results of delivered jobs.", tally.sentBytes)
        gauge("ready", "1 where a job would be taken.", description.isReady ? 1 : 0)
        gauge("jobs_running", "Jobs that are under way.", Double(host.runningJobCount))
        gauge("jobs_waiting", "Jobs in the queue.", Double(description.waitingJobCount))
        if let wait = description.expectedWaitSeconds {
            gauge("expected_wait_seconds", "Until a job that comes now would begin.", wait)
        }
    }

    private mutating func counter(_ name: String, _ help: String, _ value: Int) {
        begin("\(name)_total", "counter", help)
        text += "underpaint_\(name)_total \(value)\n"
    }

    private mutating func counter(
        _ name: String, _ help: String, _ values: [(label: String, value: String, count: Double)]
    ) {
        begin("\(name)_total", "counter", help)
        for (label, value, count) in values { text += "underpaint_\(name)_total{\(label)=\"\(value)\"} \(count)\n" }
    }

    private mutating func gauge(_ name: String, _ help: String, _ value: Double) {
        begin(name, "gauge", help)
        text += "underpaint_\(name) \(value)\n"
    }

    private mutating func begin(_ name: String, _ type: String, _ help: String) {
        text += "# HELP underpaint_\(name) \(help)\n# TYPE underpaint_\(name) \(type)\n"
    }
}
