import COneDNN

extension OneDNNProvider {
    /// An operand as a primitive wants it, and what makes it so.
    struct Prepared {
        let memory: OneDNNMemory
        /// Copies to make at every run.
        var calls: [OneDNNStep.Call] = []
        /// Memory of the copies, in the scratch space.
        var between: [OneDNNMemory] = []
        /// Memory that was filled for good.
        var owned: [AlignedMemory] = []
    }

    /// Values in the layout and precision that a primitive chose: copied now if they never change, else as a call at every
    /// run, or as they lie if that is what is wanted.
    func prepared(
        _ values: UnsafeRawPointer, isFixed: Bool, _ given: OneDNNLayout, as wanted: OneDNNLayout
    ) throws(CPUBackendError) -> Prepared {
        let source = try OneDNNMemory(given, engine, UnsafeMutableRawPointer(mutating: values))
        if wanted == given, !isFixed { return Prepared(memory: source) }
        let copy = try OneDNNPrimitive(reorderFrom: given, to: wanted, OneDNNAttributes(), engine)
        guard isFixed else {
            let memory = try OneDNNMemory(wanted, engine, nil)
            let call = OneDNNStep.Call(copy, [(DNNL_ARG_FROM, source), (DNNL_ARG_TO, memory)])
            return Prepared(memory: memory, calls: [call], between: [memory])
        }
        let packed = AlignedMemory(byteCount: wanted.byteCount)
        let memory = try OneDNNMemory(wanted, engine, packed.base)
        var step = try OneDNNStep(
            engine, [.init(copy, [(DNNL_ARG_FROM, source), (DNNL_ARG_TO, memory)])])
        let scratch = AlignedMemory(byteCount: step.scratchByteCount)
        try step.bind(scratch: scratch.base)
        try step.execute()
        return Prepared(memory: memory, owned: [packed])
    }
}
