import Foundation
import TestSupport
import Testing

@testable import VulkanBackend

@Suite struct ShaderLibraryTests {
    private static let validator = "/usr/bin/spirv-val"

    /// What the tool says about a module for Vulkan 1.2; empty if it is valid.
    private func complaints(about words: [UInt32]) throws -> String {
        try withTemporaryFile { path in
            try words.withUnsafeBytes { try Data($0).write(to: URL(fileURLWithPath: path)) }
            let (process, pipe) = (Process(), Pipe())
            process.executableURL = URL(fileURLWithPath: ShaderLibraryTests.validator)
            process.arguments = ["--target-env", "vulkan1.2", path]
            (process.standardOutput, process.standardError) = (pipe, pipe)
            try process.run()
            let said = pipe.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            return process.terminationStatus == 0 ? "" : "failed: " + String(decoding: said, as: UTF8.self)
        }
    }

    /// Of shaders that the validator of Debian 12 knows: the words are put in regardless of what the shader does.
    @Test(
        .enabled(if: FileManager.default.isExecutableFile(atPath: validator)),
        arguments: ["product_wide", "product_narrow", "attention_narrow", "row_norm_wide"])
    func modulesThatRoundConversionsAreValid(_ name: String) throws {
        let shader = try ShaderLibrary(folder: nil).shader(name)
        let words = shader.wordsThatRoundConversions
        #expect(words.count == shader.words.count + 2 + 7 + 2 * 4)
        #expect(try complaints(about: shader.words) == "")
        #expect(try complaints(about: words) == "")
        // The tool does look: without its header nothing is a module.
        #expect(try complaints(about: Array(words.dropFirst())) != "")
    }
}
