import CShaders
import Foundation
import Tensors

/// Shaders by name, as SPIR-V.
struct ShaderLibrary: Sendable {
    struct Shader: Sendable {
        let words: [UInt32]
        /// Of CS_NEEDS_…
        let needs: UInt32

        /// The words with execution modes that have conversions to types of 16 and of 64 bits give the nearest value
        /// (SPV_KHR_float_controls, in Vulkan since 1.2). They are put in here, because a module that has them is none for
        /// devices without.
        var wordsThatRoundConversions: [UInt32] {
            let (capability, entryPoint, executionMode, rounding): (UInt32, UInt32, UInt32, UInt32) = (17, 15, 16, 4462)
            // OpCapability RoundingModeRTE, OpExtension "SPV_KHR_float_controls"
            let declaration: [UInt32] = [2 << 16 | capability, 4467]
            let name = Array("SPV_KHR_float_controls".utf8) + [0, 0]
            let `extension` = stride(from: 0, to: name.count, by: 4).map { first in
                (0..<4).reduce(UInt32(0)) { $0 | UInt32(name[first + $1]) << UInt32(8 * $1) }
            }
            var result = Array(words.prefix(5)) + declaration
            var (position, isDeclared) = (5, false)
            while position < words.count {
                let (code, count) = (words[position] & 0xFFFF, max(1, Int(words[position] >> 16)))
                if code != capability, !isDeclared {
                    result += [UInt32(1 + `extension`.count) << 16 | 10] + `extension`
                    isDeclared = true
                }
                result += words[position..<min(position + count, words.count)]
                if code == entryPoint, position + 2 < words.count {
                    for width in [16, 64] as [UInt32] {
                        result += [4 << 16 | executionMode, words[position + 2], rounding, width]
                    }
                }
                position += count
            }
            return result
        }
    }

    private let shaders: [String: Shader]

    /// - Parameter folder: where NAME.spv files lie that take the place of those built in, nil for none.
    /// - Throws: `VulkanError.unknownShader` if a file is missing or no SPIR-V.
    init(folder: String?) throws(VulkanError) {
        var shaders: [String: Shader] = [:]
        for index in 0..<cs_shader_count() {
            let entry = cs_shader_at(index)
            let name = String(cString: entry.name)
            var words = Array(UnsafeBufferPointer(start: entry.words, count: entry.word_count))
            if let folder { words = try ShaderLibrary.read("\(folder)/\(name).spv") }
            shaders[name] = Shader(words: words, needs: entry.needs)
        }
        self.shaders = shaders
    }

    /// A SHA-256 of all of them, in hexadecimal digits; empty where it cannot be made.
    var fingerprint: String {
        let words = shaders.sorted { $0.key < $1.key }.flatMap(\.value.words)
        let digest = words.withUnsafeBytes { try? FileDigest($0).bytes } ?? []
        return digest.map { String(UInt16($0) + 0x100, radix: 16).dropFirst() }.joined()
    }

    /// - Throws: `VulkanError.unknownShader`.
    func shader(_ name: String) throws(VulkanError) -> Shader {
        guard let shader = shaders[name] else { throw .unknownShader(name) }
        return shader
    }

    private static func read(_ path: String) throws(VulkanError) -> [UInt32] {
        guard let data = FileManager.default.contents(atPath: path), data.count >= 20, data.count % 4 == 0 else {
            throw .unknownShader(path)
        }
        let words = data.withUnsafeBytes { bytes in
            (0..<data.count / 4).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self) }
        }
        guard words[0] == 0x0723_0203 else { throw .unknownShader(path) }
        return words
    }
}
