// swift-tools-version: 6.0
import PackageDescription

/// One strictness for every Swift target; the numbers are Swift-evolution proposals.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),  // SE-0335
    .enableUpcomingFeature("InternalImportsByDefault"),  // SE-0409
    .enableUpcomingFeature("MemberImportVisibility"),  // SE-0444
]

let package = Package(
    name: "underpaint",
    targets: [
        .target(name: "Tensors", swiftSettings: strict),
        .target(name: "Graphs", dependencies: ["Tensors"], swiftSettings: strict),
        .target(name: "Diffusion", swiftSettings: strict),
        .target(name: "Speculation", dependencies: ["Diffusion"], swiftSettings: strict),
    ]
)
