import Testing

@testable import CPUBackend

@Suite struct ProcessorCountTests {
    /// Files of control groups by their paths, as cgroups(7) and the kernel's documentation describe them.
    private func quota(_ groups: [String], _ files: [String: String]) -> Int? {
        ProcessorCount.quota(groups: groups) { files[$0] }
    }

    @Test func theSmallestQuotaAboveCounts() {
        let groups = ["0::/system.slice/verifier.service"]
        #expect(quota(groups, [:]) == nil)
        #expect(quota(groups, ["/sys/fs/cgroup/system.slice/verifier.service/cpu.max": "max 100000"]) == nil)
        let files = [
            "/sys/fs/cgroup/system.slice/verifier.service/cpu.max": "400000 100000",
            "/sys/fs/cgroup/system.slice/cpu.max": "250000 100000",
        ]
        #expect(quota(groups, files) == 2)
        // A container sees its own group at the root.
        #expect(quota(["0::/"], ["/sys/fs/cgroup/cpu.max": "50000 100000"]) == 1)
    }

    @Test func oldGroupsHaveTwoFiles() {
        let groups = ["7:memory:/docker/a", "4:cpu,cpuacct:/docker/a", "0::/docker/a"]
        let place = "/sys/fs/cgroup/cpu/docker/a/cpu.cfs_"
        #expect(quota(groups, [place + "quota_us": "300000", place + "period_us": "100000"]) == 3)
        #expect(quota(groups, [place + "quota_us": "-1", place + "period_us": "100000"]) == nil)
        #expect(quota(["nonsense", "", "4:cpu:/"], [:]) == nil)
    }
}
