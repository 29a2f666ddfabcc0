/// A call into a kernel library that failed, or a graph that no kernel here can run.
public struct CPUBackendError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The function, for example `dnnl_primitive_create`.
    public let call: String
    /// What it gave: oneDNN's `dnnl_status_t`, an `errno`.
    public let status: Int
    /// The node that was being prepared or run, where that is known.
    public let node: String?

    public init(call: String, status: Int, node: String? = nil) {
        self.call = call
        self.status = status
        self.node = node
    }

    /// The same error with the node named.
    func at(_ node: String) -> CPUBackendError {
        CPUBackendError(call: call, status: status, node: self.node ?? node)
    }

    public var description: String {
        let place = node.map { "\($0): " } ?? ""
        return "\(place)\(call) failed with status \(status)\(meaning); "
            + "`underpaint doctor` shows the library in use and what the processor has"
    }

    private var meaning: String {
        guard call.hasPrefix("dnnl_") else { return "" }
        switch status {
        case 1: return " (out of memory)"
        case 2: return " (invalid arguments)"
        case 3: return " (no implementation for this shape)"
        default: return ""
        }
    }
}
