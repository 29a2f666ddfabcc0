// swift-tools-version: 6.0
import PackageDescription

/// One strictness for every Swift target; the numbers are Swift-evolution proposals.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),  // SE-0335
    .enableUpcomingFeature("InternalImportsByDefault"),  // SE-0409
    .enableUpcomingFeature("MemberImportVisibility"),  // SE-0444
]

let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")

/// A library of this package.
func room(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

/// The tests of a room, or of several together.
func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

/// What only tests link.
func testSupport(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, path: "Tests/\(name)", swiftSettings: strict)
}

let package = Package(
    name: "underpaint",
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.24.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // Libraries of the system, each behind a module of its own.
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .systemLibrary(name: "CLibcrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "COneDNN", providers: [.apt(["libdnnl-dev"])]),
        .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
        // Types only: the library is opened at run time, see VulkanLibrary.
        .systemLibrary(name: "CVulkan", providers: [.apt(["libvulkan-dev"])]),
        .systemLibrary(name: "CWebP", providers: [.apt(["libwebp-dev"])]),
        .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
        .target(name: "CPNG", linkerSettings: [.linkedLibrary("png")]),
        // Kernels are measured and used in debug builds too, where C would not be optimised.
        .target(
            name: "CKernels", cSettings: [.unsafeFlags(["-O3"], .when(configuration: .debug))],
            linkerSettings: [.linkedLibrary("gomp"), .linkedLibrary("m")]),

        .target(name: "CShaders", exclude: ["shaders", "SHADERS.json"]),

        // Where a user's files lie, and how they are read and written.
        room("BaseDirectories"),

        // The engine.
        room("Tensors", ["CLibcrypto"]),
        room("Graphs", ["Tensors"]),
        room("CPUBackend", ["Graphs", "Tensors", "CKernels", "COneDNN", "COpenBLAS"]),
        room("VulkanBackend", ["Graphs", "Tensors", "CShaders", "CVulkan"]),

        room("BackendSelection", ["BaseDirectories", "CPUBackend", "Graphs", "VulkanBackend", argumentParser]),

        // The mathematics; pure.
        room("Diffusion"),
        room("LatentCoding", ["Diffusion", "CZstd"]),
        room("Speculation", ["Diffusion"]),
        room("ExactWindows", ["Diffusion", "LatentCoding", "Speculation"]),

        // Models and pictures.
        room("Models", ["BaseDirectories", "Diffusion", "Graphs", "LatentCoding", "Speculation", "Tensors"]),
        room("Pictures", ["CPNG", "CWebP"]),

        // The two ends and what is between them.
        room("WireProtocol", ["Diffusion", "Speculation", protobuf]),
        room(
            "EdgeRuntime",
            [
                "BaseDirectories", "Diffusion", "ExactWindows", "Graphs", "LatentCoding", "Models", "Pictures",
                "Speculation", "WireProtocol", "CCurl",
            ]),
        room(
            "VerifierRuntime",
            ["Diffusion", "ExactWindows", "Graphs", "LatentCoding", "Models", "Pictures", "Speculation"]),
        room(
            "SplitLab",
            [
                "BaseDirectories", "CZstd", "Diffusion", "EdgeRuntime", "Graphs", "LatentCoding", "Models", "Pictures",
                "Speculation", "Tensors", "VerifierRuntime",
            ]),
        room(
            "VerifierService",
            [
                "BaseDirectories", "Speculation", "VerifierRuntime", "WireProtocol", logging,
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ]),

        // The two programs.
        .executableTarget(
            name: "underpaint",
            dependencies: [
                "BackendSelection", "BaseDirectories", "CPUBackend", "Diffusion", "EdgeRuntime", "Graphs", "Models",
                "Pictures", "Speculation", "SplitLab", "VerifierRuntime", "VulkanBackend", "WireProtocol",
                argumentParser,
            ], swiftSettings: strict),
        .executableTarget(
            name: "underpaint-verifier",
            dependencies: [
                "BackendSelection", "BaseDirectories", "CPUBackend", "Graphs", "Models", "Speculation",
                "VerifierRuntime",
                "VerifierService", "VulkanBackend", "WireProtocol", argumentParser, logging,
            ],
            swiftSettings: strict),

        // What is measured beside a peer, see Benchmarks/README.md. The second runs on machines without Swift.
        .target(
            name: "BenchmarkCases", dependencies: ["Graphs", "Models", "Tensors"], path: "Benchmarks/Cases",
            swiftSettings: strict),
        .executableTarget(
            name: "underpaint-bench", dependencies: ["BenchmarkCases", "CPUBackend", "Graphs", "Tensors"],
            path: "Benchmarks/CPU", swiftSettings: strict),
        .executableTarget(
            name: "underpaint-gpu-bench",
            dependencies: ["BenchmarkCases", "Graphs", "Models", "Tensors", "VulkanBackend"],
            path: "Benchmarks/GPU", swiftSettings: strict),

        // What only tests link.
        testSupport("TestSupport", ["Graphs", "Tensors"]),
        testSupport("VulkanTestSupport", ["VulkanBackend"]),
        testSupport("VerificationTestSupport", ["Diffusion", "Speculation"]),
        testSupport("ExactTestSupport", ["Diffusion", "Speculation"]),

        // Tests of one room each.
        tests("BaseDirectoriesTests", ["BaseDirectories"]),
        tests("TensorsTests", ["Tensors", "TestSupport"]),
        tests("GraphsTests", ["Graphs", "Tensors", "TestSupport"]),
        tests("CPUBackendTests", ["CKernels", "CPUBackend", "Graphs", "Tensors", "TestSupport"]),
        tests(
            "VulkanBackendTests",
            ["CShaders", "CVulkan", "Graphs", "Tensors", "TestSupport", "VulkanBackend", "VulkanTestSupport"]),
        tests("BackendSelectionTests", ["BackendSelection", "CPUBackend", "VulkanBackend", argumentParser]),
        tests("DiffusionTests", ["Diffusion"]),
        tests("LatentCodingTests", ["CZstd", "Diffusion", "LatentCoding", "TestSupport"]),
        tests("SpeculationTests", ["Diffusion", "ExactTestSupport", "LatentCoding", "Speculation"]),
        tests("ExactWindowsTests", ["Diffusion", "ExactTestSupport", "ExactWindows", "Speculation"]),
        tests(
            "ModelsTests",
            [
                "BenchmarkCases", "CPUBackend", "Diffusion", "Graphs", "Models", "Speculation", "Tensors",
                "TestSupport", "VulkanTestSupport",
            ]),
        tests("PicturesTests", ["Pictures"]),
        tests("WireProtocolTests", ["Speculation", "VerificationTestSupport", "WireProtocol", protobuf]),
        tests(
            "EdgeRuntimeTests", ["EdgeRuntime", "Pictures", "Speculation", "VerificationTestSupport", "WireProtocol"]),
        tests("SplitLabTests", ["Diffusion", "EdgeRuntime", "Models", "Pictures", "Speculation", "SplitLab"]),
        tests(
            "VerifierRuntimeTests",
            ["ExactWindows", "Speculation", "VerificationTestSupport", "VerifierRuntime"]),
        tests(
            "VerifierServiceTests",
            [
                "EdgeRuntime", "Speculation", "VerificationTestSupport", "VerifierRuntime", "VerifierService",
                "WireProtocol", logging,
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdTesting", package: "hummingbird"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ]),

        // Tests of several rooms together.
        tests(
            "BackendConformanceTests",
            ["CPUBackend", "Graphs", "Tensors", "TestSupport", "VulkanBackend", "VulkanTestSupport"]),
        tests(
            "MainJobTests",
            [
                "CPUBackend", "Diffusion", "EdgeRuntime", "Graphs", "LatentCoding", "Models", "Pictures", "Speculation",
                "VerifierRuntime", "VerifierService", "VulkanBackend", "VulkanTestSupport", logging,
            ]),
        tests("CalibrationTests", ["CPUBackend", "Models", "Speculation", "SplitLab", "TestSupport"]),
        tests("CommandLineTests", ["VulkanTestSupport", "underpaint", "underpaint-verifier"]),
    ]
)
