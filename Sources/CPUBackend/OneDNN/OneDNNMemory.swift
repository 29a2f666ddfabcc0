import COneDNN

/// A pointer with a layout, as primitives take it: a `dnnl_memory_t`. The memory itself belongs to others.
final class OneDNNMemory {
    let handle: dnnl_memory_t
    let layout: OneDNNLayout

    /// - Parameter pointer: nil if `move(to:)` comes later.
    init(_ layout: OneDNNLayout, _ engine: OneDNNEngine, _ pointer: UnsafeMutableRawPointer?) throws(CPUBackendError) {
        var memory: dnnl_memory_t?
        let status = withUnsafePointer(to: layout.descriptor) {
            dnnl_memory_create(&memory, $0, engine.handle, pointer)
        }
        try OneDNNEngine.check("dnnl_memory_create", status)
        guard let memory else { throw CPUBackendError(call: "dnnl_memory_create", status: 0) }
        self.handle = memory
        self.layout = layout
    }

    /// Memory that is only read; oneDNN's handles do not tell the difference.
    convenience init(
        reading pointer: UnsafePointer<Float>, _ layout: OneDNNLayout, _ engine: OneDNNEngine
    ) throws(CPUBackendError) {
        try self.init(layout, engine, UnsafeMutableRawPointer(mutating: pointer))
    }

    deinit { dnnl_memory_destroy(handle) }

    func move(to pointer: UnsafeMutableRawPointer) throws(CPUBackendError) {
        try OneDNNEngine.check("dnnl_memory_set_data_handle", dnnl_memory_set_data_handle(handle, pointer))
    }
}
