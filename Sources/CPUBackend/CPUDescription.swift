import CKernels
import COneDNN
import COpenBLAS

/// What computes here, for `doctor` and reports.
public struct CPUDescription: Hashable, Sendable {
    /// The library in use with its version and processor family, for example `oneDNN 2.6.3, AVX-512 core BF16`.
    public let library: String
    /// Instruction set of the kernels of our own.
    public let kernels: String
    /// What products are computed in.
    public let precision: ProductPrecision
    public let threadCount: Int
}

extension CPUBackend {
    public var description: CPUDescription {
        let library =
            switch library {
            case .oneDNN: CPUBackend.oneDNNDescription
            case .openBLAS: CPUBackend.openBLASDescription
            }
        let kernels =
            switch ck_best_isa() {
            case CK_ISA_AVX512: "AVX-512"
            case CK_ISA_AVX2: "AVX2"
            default: "plain"
            }
        return CPUDescription(library: library, kernels: kernels, precision: precision, threadCount: threads.count)
    }

    private static var oneDNNDescription: String {
        guard let version = dnnl_version()?.pointee else { return "oneDNN" }
        let isa =
            switch dnnl_get_effective_cpu_isa() {
            case dnnl_cpu_isa_sse41: "SSE4.1"
            case dnnl_cpu_isa_avx: "AVX"
            case dnnl_cpu_isa_avx2: "AVX2"
            case dnnl_cpu_isa_avx2_vnni: "AVX2 VNNI"
            case dnnl_cpu_isa_avx512_core: "AVX-512"
            case dnnl_cpu_isa_avx512_core_vnni: "AVX-512 VNNI"
            case dnnl_cpu_isa_avx512_core_bf16: "AVX-512 BF16"
            case dnnl_cpu_isa_avx512_core_amx: "AVX-512 AMX"
            default: "unknown instruction set"
            }
        return "oneDNN \(version.major).\(version.minor).\(version.patch), \(isa)"
    }

    private static var openBLASDescription: String {
        let core = openblas_get_corename().map { String(cString: $0) } ?? "unknown core"
        let configuration = openblas_get_config().map { String(cString: $0) } ?? ""
        let version = configuration.split(separator: " ").dropFirst().first.map(String.init) ?? ""
        return "OpenBLAS \(version), \(core)"
    }
}
