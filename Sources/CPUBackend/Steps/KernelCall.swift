import CKernels

/// A kernel of ours with its arguments.
struct KernelCall<Arguments>: KernelStep {
    let implementation: String
    let team: ck_team
    let arguments: Arguments
    let kernel: (ck_team, Arguments) -> Void

    init(
        _ implementation: String, _ team: ck_team, _ arguments: Arguments,
        _ kernel: @escaping (ck_team, Arguments) -> Void
    ) {
        self.implementation = implementation
        self.team = team
        self.arguments = arguments
        self.kernel = kernel
    }

    func run() { kernel(team, arguments) }
}

/// Several calls, none of which needs scratch space, that make up one node.
struct KernelSequence: KernelStep {
    private let steps: [any KernelStep]
    let implementation: String

    init(_ implementation: String, _ steps: [any KernelStep]) {
        self.implementation = implementation
        self.steps = steps
    }

    func run() throws {
        for step in steps { try step.run() }
    }
}
