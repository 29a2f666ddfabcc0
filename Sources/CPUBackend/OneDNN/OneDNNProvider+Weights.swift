import COneDNN

extension OneDNNProvider {
    /// A packed weight and what keeps it so.
    struct Packing {
        let memory: OneDNNMemory
        var calls: [OneDNNStep.Call] = []
        var between: [OneDNNMemory] = []
        var owned: [AlignedMemory] = []
    }

    /// A weight in the layout that `primitive` chose: now if it never changes, else as a call at every run.
    func packed(
        _ weight: Weight, _ given: OneDNNLayout, for primitive: OneDNNPrimitive
    ) throws(CPUBackendError) -> Packing {
        let wanted = primitive.layout(dnnl_query_weights_md)
        let source = try OneDNNMemory(reading: weight.values, given, engine)
        if wanted == given, !weight.isFixed { return Packing(memory: source) }
        let copy = try OneDNNPrimitive(reorderFrom: given, to: wanted, OneDNNAttributes(), engine)
        guard weight.isFixed else {
            let memory = try OneDNNMemory(wanted, engine, nil)
            let call = OneDNNStep.Call(copy, [(DNNL_ARG_FROM, source), (DNNL_ARG_TO, memory)])
            return Packing(memory: memory, calls: [call], between: [memory])
        }
        let packed = AlignedMemory(byteCount: wanted.byteCount)
        let memory = try OneDNNMemory(wanted, engine, packed.base)
        var step = try OneDNNStep(
            engine, [.init(copy, [(DNNL_ARG_FROM, source), (DNNL_ARG_TO, memory)])])
        let scratch = AlignedMemory(byteCount: step.scratchByteCount)
        try step.bind(scratch: scratch.base)
        try step.execute()
        return Packing(memory: memory, owned: [packed])
    }
}
