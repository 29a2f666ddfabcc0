import BaseDirectories
import Foundation
import Testing

@Suite struct BaseDirectoryTests {
    @Test(arguments: [
        (BaseDirectory.data, "XDG_DATA_HOME", "/h/.local/share"), (.state, "XDG_STATE_HOME", "/h/.local/state"),
        (.cache, "XDG_CACHE_HOME", "/h/.cache"),
    ])
    func aVariableThatIsAnAbsolutePathCountsBeforeTheHome(directory: BaseDirectory, variable: String, usual: String) {
        #expect(directory.ours(environment: [variable: "/x", "HOME": "/h"]).path == "/x/underpaint")
        #expect(directory.ours("part", environment: [variable: "/x"]).path == "/x/underpaint/part")
        // The others say nothing of this one.
        let others = Dictionary(
            uniqueKeysWithValues: ["XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"].map { ($0, "/x") })
        for value in ["", "relative", "~/x"] {
            let environment = others.merging([variable: value, "HOME": "/h"]) { $1 }
            #expect(directory.ours(environment: environment).path == usual + "/underpaint")
        }
    }

    @Test(arguments: [[:], ["HOME": ""], ["HOME": "relative"]] as [[String: String]])
    func withoutAHomeTheSystemsListOfUsersHasOne(environment: [String: String]) {
        let home = FileManager.default.homeDirectoryForCurrentUser.path
        #expect(home.hasPrefix("/"))
        #expect(BaseDirectory.cache.ours(environment: environment).path == home + "/.cache/underpaint")
    }
}
