import COneDNN
import Tensors

/// Extents of values and how they lie in memory: a `dnnl_memory_desc_t`.
struct OneDNNLayout: Equatable {
    var descriptor: dnnl_memory_desc_t

    init(_ descriptor: dnnl_memory_desc_t) { self.descriptor = descriptor }

    /// - Parameters:
    ///   - tag: how the axes lie, or `dnnl_format_tag_any` for the library to choose.
    ///   - type: of the values.
    init(
        _ extents: [Int], _ tag: dnnl_format_tag_t, _ type: dnnl_data_type_t = dnnl_f32
    ) throws(CPUBackendError) {
        var descriptor = dnnl_memory_desc_t()
        try OneDNNEngine.check(
            "dnnl_memory_desc_init_by_tag",
            dnnl_memory_desc_init_by_tag(
                &descriptor, Int32(extents.count), OneDNNLayout.padded(extents), type, tag))
        self.descriptor = descriptor
    }

    /// - Parameter strides: floats from one to the next along each axis.
    init(_ extents: [Int], strides: [Int]) throws(CPUBackendError) {
        var descriptor = dnnl_memory_desc_t()
        try OneDNNEngine.check(
            "dnnl_memory_desc_init_by_strides",
            dnnl_memory_desc_init_by_strides(
                &descriptor, Int32(extents.count), OneDNNLayout.padded(extents), dnnl_f32, OneDNNLayout.padded(strides))
        )
        self.descriptor = descriptor
    }

    var byteCount: Int {
        withUnsafePointer(to: descriptor) { dnnl_memory_desc_get_size($0) }
    }

    static func == (a: OneDNNLayout, b: OneDNNLayout) -> Bool {
        withUnsafePointer(to: a.descriptor) { first in
            withUnsafePointer(to: b.descriptor) { dnnl_memory_desc_equal(first, $0) != 0 }
        }
    }

    /// Extents as a `dnnl_dims_t`, whose declaration says that it holds twelve.
    static func padded(_ extents: [Int]) -> [Int64] {
        extents.map(Int64.init) + [Int64](repeating: 0, count: max(0, 12 - extents.count))
    }
}

extension ProductPrecision {
    /// Of the left factors; integers are shifted to be positive, as the processors' instructions want them.
    var leftType: dnnl_data_type_t {
        switch self {
        case .float32: dnnl_f32
        case .bfloat16: dnnl_bf16
        case .int8: dnnl_u8
        }
    }

    /// Of the weights.
    var weightType: dnnl_data_type_t { self == .int8 ? dnnl_s8 : leftType }
}

extension ElementType {
    /// Of what lies in a graph's memory.
    var layoutType: dnnl_data_type_t {
        switch self {
        case .float32: dnnl_f32
        case .bfloat16: dnnl_bf16
        case .float16: dnnl_f16
        case .int32: dnnl_s32
        }
    }
}
