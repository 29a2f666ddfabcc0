import CKernels
import COneDNN

/// Primitives run one after the other, with the memory between them in the scratch space.
struct OneDNNStep: KernelStep {
    /// A primitive and what it works on.
    struct Call {
        let primitive: OneDNNPrimitive
        /// Argument numbers (`DNNL_ARG_SRC`) and memory.
        var arguments: [(Int32, OneDNNMemory)]

        init(_ primitive: OneDNNPrimitive, _ arguments: [(Int32, OneDNNMemory)]) {
            self.primitive = primitive
            self.arguments = arguments
        }
    }

    /// Memory that gets its place when the scratch space is known.
    struct Place {
        let memory: OneDNNMemory
        let offset: Int
    }

    private let engine: OneDNNEngine
    private let calls: [Call]
    private let executionArguments: [[dnnl_exec_arg_t]]
    private let places: [Place]
    private let finish: (ck_team, ck_finish_args)?
    /// Kept alive for the calls.
    private let owned: [PackedWeight]
    let scratchByteCount: Int

    /// - Parameters:
    ///   - between: memory of the calls that lives in the scratch space.
    ///   - owned: packed weights that the calls read.
    ///   - finish: a kernel of ours to run at the end.
    init(
        _ engine: OneDNNEngine, _ calls: [Call], between: [OneDNNMemory] = [], owned: [PackedWeight] = [],
        finish: (ck_team, ck_finish_args)? = nil
    ) throws(CPUBackendError) {
        var (calls, places, offset) = (calls, [Place](), 0)
        for memory in between {
            places.append(Place(memory: memory, offset: offset))
            offset += AlignedMemory.lines(memory.layout.byteCount)
        }
        // The primitives' own scratch comes last and is shared: they run one after the other.
        var largest = 0
        for index in calls.indices {
            let layout = calls[index].primitive.scratchLayout
            guard layout.byteCount > 0 else { continue }
            let memory = try OneDNNMemory(layout, engine, nil)
            places.append(Place(memory: memory, offset: offset))
            calls[index].arguments.append((DNNL_ARG_SCRATCHPAD, memory))
            largest = max(largest, layout.byteCount)
        }
        self.engine = engine
        self.calls = calls
        executionArguments = calls.map { call in
            call.arguments.map { dnnl_exec_arg_t(arg: $0.0, memory: $0.1.handle) }
        }
        self.places = places
        self.finish = finish
        self.owned = owned
        scratchByteCount = offset + largest
    }

    mutating func bind(scratch: UnsafeMutableRawPointer) throws(CPUBackendError) {
        for place in places { try place.memory.move(to: scratch + place.offset) }
    }

    func run() throws { try execute() }

    func execute() throws(CPUBackendError) {
        for (call, arguments) in zip(calls, executionArguments) {
            let status = arguments.withUnsafeBufferPointer {
                dnnl_primitive_execute(call.primitive.handle, engine.stream, Int32($0.count), $0.baseAddress)
            }
            try OneDNNEngine.check("dnnl_primitive_execute", status)
        }
        if let (team, arguments) = finish { ck_finish(team, arguments) }
    }

    var implementation: String {
        calls.map(\.primitive.implementation).joined(separator: " + ") + (finish == nil ? "" : " + finish")
    }
}
