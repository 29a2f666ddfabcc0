import Foundation
import Graphs
import TestSupport
import Testing
import VulkanTestSupport

@testable import VulkanBackend

@Suite(.serialized) struct PipelineCacheTests {
    @Test func aFileGivesBackWhatItWasGiven() throws {
        try withTemporaryFile("driver.cache") { path in
            let file = PipelineCacheFile(path: path)
            #expect(file.load().isEmpty)
            let payload = (0..<1000).map { UInt8(truncatingIfNeeded: $0) }
            file.store(payload)
            #expect(file.load() == payload)
        }
    }

    @Test func damageCountsAsNoFile() throws {
        let payload = (0..<100).map { UInt8($0) }
        try withTemporaryFile("driver.cache") { path in
            let file = PipelineCacheFile(path: path)
            file.store(payload)
            let whole = try #require(FileManager.default.contents(atPath: path))
            for index in whole.indices {
                var damaged = whole
                damaged[index] ^= 1
                try damaged.write(to: URL(fileURLWithPath: path))
                #expect(file.load().isEmpty, "byte \(index)")
            }
            for count in [0, 1, 32, 33, whole.count - 1] {
                try whole.prefix(count).write(to: URL(fileURLWithPath: path))
                #expect(file.load().isEmpty, "\(count) bytes")
            }
        }
    }

    @Test(.enabled(if: TestDevice.isExpected()))
    func backendsWriteAndReadItAndSurviveADamagedOne() throws {
        let graphCase = try TestDevice.network()
        try withTemporaryFile { path in
            let folder = (path as NSString).deletingLastPathComponent + "/cache"
            func check() throws {
                let backend = try TestDevice.backend(VulkanOptions(cacheFolder: folder))
                try checkConformance(of: backend, to: graphCase)
            }
            try check()
            let files = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(files.count == 1)
            let file = PipelineCacheFile(path: "\(folder)/\(files[0])")
            #expect(!file.load().isEmpty)
            try check()
            // Whole, but no pipeline cache: the driver is the one to find out.
            file.store([UInt8](repeating: 0xA5, count: 4096))
            try check()
        }
    }
}
