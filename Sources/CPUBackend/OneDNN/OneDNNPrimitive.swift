import COneDNN

/// A compiled kernel of oneDNN and the layouts that it wants.
///
/// Its scratch space is the caller's: the library's own is thread-local, and a primitive made on one thread
/// must run on another here.
final class OneDNNPrimitive {
    let handle: dnnl_primitive_t
    private let descriptor: dnnl_primitive_desc_t
    /// Name of the implementation, for example `brg:avx512_core`.
    let implementation: String

    /// Takes over `descriptor`.
    private init(taking descriptor: dnnl_primitive_desc_t) throws(CPUBackendError) {
        var name: UnsafePointer<CChar>?
        let status = dnnl_primitive_desc_query(descriptor, dnnl_query_impl_info_str, 0, &name)
        implementation = status == dnnl_success ? name.map { String(cString: $0) } ?? "" : ""
        var primitive: dnnl_primitive_t?
        let creation = dnnl_primitive_create(&primitive, descriptor)
        guard creation == dnnl_success, let primitive else {
            dnnl_primitive_desc_destroy(descriptor)
            throw CPUBackendError(call: "dnnl_primitive_create", status: Int(creation.rawValue))
        }
        self.handle = primitive
        self.descriptor = descriptor
    }

    deinit {
        dnnl_primitive_destroy(handle)
        dnnl_primitive_desc_destroy(descriptor)
    }

    /// Makes a primitive from the descriptor of its operation (`dnnl_matmul_desc_t` and so on).
    convenience init<Operation>(
        _ operation: Operation, _ attributes: OneDNNAttributes, _ engine: OneDNNEngine
    ) throws(CPUBackendError) {
        var descriptor: dnnl_primitive_desc_t?
        let status = withUnsafePointer(to: operation) {
            dnnl_primitive_desc_create(&descriptor, $0, attributes.handle, engine.handle, nil)
        }
        try OneDNNEngine.check("dnnl_primitive_desc_create", status)
        guard let descriptor else { throw CPUBackendError(call: "dnnl_primitive_desc_create", status: 0) }
        try self.init(taking: descriptor)
    }

    /// Makes a copy between layouts.
    convenience init(
        reorderFrom source: OneDNNLayout, to target: OneDNNLayout, _ attributes: OneDNNAttributes,
        _ engine: OneDNNEngine
    ) throws(CPUBackendError) {
        var descriptor: dnnl_primitive_desc_t?
        let status = withUnsafePointer(to: source.descriptor) { source in
            withUnsafePointer(to: target.descriptor) { target in
                dnnl_reorder_primitive_desc_create(
                    &descriptor, source, engine.handle, target, engine.handle, attributes.handle)
            }
        }
        try OneDNNEngine.check("dnnl_reorder_primitive_desc_create", status)
        guard let descriptor else { throw CPUBackendError(call: "dnnl_reorder_primitive_desc_create", status: 0) }
        try self.init(taking: descriptor)
    }

    /// The layout of one argument, for example `dnnl_query_weights_md`.
    func layout(_ query: dnnl_query_t, _ index: Int32 = 0) -> OneDNNLayout {
        guard let found = dnnl_primitive_desc_query_md(descriptor, query, index) else {
            return OneDNNLayout(dnnl_memory_desc_t())
        }
        return OneDNNLayout(found.pointee)
    }

    var scratchLayout: OneDNNLayout { layout(dnnl_query_scratchpad_md) }
}

/// What a primitive does besides its operation: always with the caller's scratch space, then post-operations.
final class OneDNNAttributes {
    fileprivate let handle: dnnl_primitive_attr_t

    init(_ operations: [OneDNNPostOperation] = []) throws(CPUBackendError) {
        var attributes: dnnl_primitive_attr_t?
        try OneDNNEngine.check("dnnl_primitive_attr_create", dnnl_primitive_attr_create(&attributes))
        guard let attributes else { throw CPUBackendError(call: "dnnl_primitive_attr_create", status: 0) }
        handle = attributes
        try OneDNNEngine.check(
            "dnnl_primitive_attr_set_scratchpad_mode",
            dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user))
        if !operations.isEmpty { try append(operations) }
    }

    deinit { dnnl_primitive_attr_destroy(handle) }

    private func append(_ operations: [OneDNNPostOperation]) throws(CPUBackendError) {
        var list: dnnl_post_ops_t?
        try OneDNNEngine.check("dnnl_post_ops_create", dnnl_post_ops_create(&list))
        defer { dnnl_post_ops_destroy(list) }
        for operation in operations {
            switch operation {
            case .activation(let kind, let alpha):
                try OneDNNEngine.check(
                    "dnnl_post_ops_append_eltwise", dnnl_post_ops_append_eltwise(list, 1, kind, alpha, 0))
            case .add(let layout):
                let status = withUnsafePointer(to: layout.descriptor) {
                    dnnl_post_ops_append_binary(list, dnnl_binary_add, $0)
                }
                try OneDNNEngine.check("dnnl_post_ops_append_binary", status)
            }
        }
        try OneDNNEngine.check(
            "dnnl_primitive_attr_set_post_ops", dnnl_primitive_attr_set_post_ops(handle, list))
    }
}

/// One thing done to a result before it is written.
enum OneDNNPostOperation: Equatable {
    case activation(dnnl_alg_kind_t, alpha: Float)
    /// Adds another value of that layout.
    case add(OneDNNLayout)
}
