import COneDNN

/// oneDNN's CPU engine and its one in-order stream.
///
/// Calls come back when their work is done: with the OpenMP runtime the CPU stream is synchronous.
final class OneDNNEngine {
    let handle: dnnl_engine_t
    let stream: dnnl_stream_t

    init() throws(CPUBackendError) {
        var engine: dnnl_engine_t?
        try OneDNNEngine.check("dnnl_engine_create", dnnl_engine_create(&engine, dnnl_cpu, 0))
        guard let engine else { throw CPUBackendError(call: "dnnl_engine_create", status: 0) }
        var stream: dnnl_stream_t?
        let status = dnnl_stream_create(&stream, engine, dnnl_stream_default_flags.rawValue)
        guard status == dnnl_success, let stream else {
            dnnl_engine_destroy(engine)
            throw CPUBackendError(call: "dnnl_stream_create", status: Int(status.rawValue))
        }
        self.handle = engine
        self.stream = stream
    }

    deinit {
        dnnl_stream_destroy(stream)
        dnnl_engine_destroy(handle)
    }

    /// Turns a status into an error that names the call.
    static func check(_ call: String, _ status: dnnl_status_t) throws(CPUBackendError) {
        guard status == dnnl_success else {
            throw CPUBackendError(call: call, status: Int(status.rawValue))
        }
    }
}
