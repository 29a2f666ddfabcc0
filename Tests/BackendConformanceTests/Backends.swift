import Graphs
import TestSupport
import Testing

/// A backend in the name of a test.
struct BackendUnderTest: Sendable, CustomTestStringConvertible {
    let backend: any Backend

    var testDescription: String { backend.name }

    /// Every backend that can run here. To hold another backend to the reference, add it to this list.
    static let all: [BackendUnderTest] = [
        BackendUnderTest(backend: ReferenceBackend()),
        BackendUnderTest(backend: ArenaBackend()),
    ]
}
