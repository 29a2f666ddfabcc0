import CShaders
import Foundation

/// Shaders by name, as SPIR-V.
struct ShaderLibrary: Sendable {
    struct Shader: Sendable {
        let words: [UInt32]
        /// Of CS_NEEDS_…
        let needs: UInt32
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
