import CShaders
import Foundation
import Graphs
import TestSupport
import Testing
import VulkanTestSupport

@testable import VulkanBackend

/// The shaders that are built in come unoptimised from the compiler. Optimised by spirv-opt they must compute the
/// same: where they do not, one of the two is miscompiled, or the source leaves something open.
@Suite(.serialized) struct OptimisedShaderTests {
    private static let optimiser = "/usr/bin/spirv-opt"
    private static let isPresent =
        TestDevice.isExpected() && FileManager.default.isExecutableFile(atPath: optimiser)

    @Test(.enabled(if: isPresent)) func optimisedShadersComputeTheSame() throws {
        try withTemporaryFile { path in
            let folder = (path as NSString).deletingLastPathComponent
            let changed = try OptimisedShaderTests.optimise(into: folder)
            #expect(changed > 20, "shaders that the optimiser changed")
            // Else the ones that are built in would be compared with themselves.
            #expect(throws: VulkanError.self) { try TestDevice.backend(VulkanOptions(shaderFolder: folder + "/none")) }
            let plain = try TestDevice.backend()
            let optimised = try TestDevice.backend(VulkanOptions(shaderFolder: folder))
            for graphCase in try ConformanceSuite.operations() {
                let programs = try [plain, optimised].map {
                    try $0.compile(graphCase.graph, parameters: graphCase.parameters)
                }
                let expected = try programs[0].run(graphCase.runs[0])
                let found = try programs[1].run(graphCase.runs[0])
                for (name, wanted) in expected {
                    // Both are within the bound of the reference.
                    expectClose(found[name], wanted, bound: 4 * graphCase.bound, graphCase.label)
                }
            }
        }
    }

    /// Writes all shaders to a folder, each optimised where the tool knows all that is in it.
    private static func optimise(into folder: String) throws -> Int {
        var changed = 0
        for index in 0..<cs_shader_count() {
            let shader = cs_shader_at(index)
            let file = "\(folder)/\(String(cString: shader.name)).spv"
            let plain = Data(bytes: shader.words, count: 4 * shader.word_count)
            try plain.write(to: URL(fileURLWithPath: file))
            let process = Process()
            process.executableURL = URL(fileURLWithPath: optimiser)
            process.arguments = ["-O", file, "-o", file]
            process.standardError = FileHandle.nullDevice
            try process.run()
            process.waitUntilExit()
            if process.terminationStatus == 0, FileManager.default.contents(atPath: file) != plain { changed += 1 }
        }
        return changed
    }
}
