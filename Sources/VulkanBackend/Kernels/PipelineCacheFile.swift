import CVulkan
import Foundation
import Tensors

/// Compiled pipelines on disk, so that a driver compiles each once.
///
/// The name tells vendor, device and driver build apart; in front of the data lies its SHA-256. A file that is
/// damaged, foreign or unreadable counts as none.
struct PipelineCacheFile: Sendable {
    let path: String
    /// More would not be a cache of these shaders.
    private static let largest = 1 << 28

    init(path: String) { self.path = path }

    /// The file for a device and its driver.
    init(folder: String, _ device: PhysicalDevice) {
        let build = withUnsafeBytes(of: device.properties.pipelineCacheUUID) { bytes in
            bytes.map { String(UInt16($0) + 0x100, radix: 16).dropFirst() }.joined()
        }
        let (vendor, model) = (device.properties.vendorID, device.properties.deviceID)
        let driver = device.properties.driverVersion
        path = "\(folder)/vulkan-\(String(vendor, radix: 16))-\(String(model, radix: 16))-\(driver)-\(build).cache"
    }

    /// The data, empty if there is none.
    func load() -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: path),
            (33...PipelineCacheFile.largest).contains(data.count)
        else { return [] }
        let (digest, payload) = ([UInt8](data.prefix(32)), [UInt8](data.dropFirst(32)))
        return PipelineCacheFile.digest(of: payload) == digest ? payload : []
    }

    /// Replaces the file in one go. Failure is no fault: the cache is a convenience. One that has grown too large, as kernels of
    /// many versions and trials gather in it, is begun anew.
    func store(_ payload: [UInt8]) {
        guard let digest = PipelineCacheFile.digest(of: payload) else { return }
        guard 32 + payload.count <= PipelineCacheFile.largest else {
            try? FileManager.default.removeItem(atPath: path)
            return
        }
        let folder = (path as NSString).deletingLastPathComponent
        try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try? Data(digest + payload).write(to: URL(fileURLWithPath: path), options: .atomic)
    }

    private static func digest(of payload: [UInt8]) -> [UInt8]? {
        payload.withUnsafeBytes { try? FileDigest($0).bytes }
    }
}
