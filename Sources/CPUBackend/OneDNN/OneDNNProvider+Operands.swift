import COneDNN

extension OneDNNProvider {
    /// An operand as a primitive wants it, and what makes it so.
    struct Prepared {
        let memory: OneDNNMemory
        /// Copies to make at every run.
        var calls: [OneDNNStep.Call] = []
        /// Memory of the copies, in the scratch space.
        var between: [OneDNNMemory] = []
        /// A weight that was packed for good.
        var owned: [PackedWeight] = []
    }

    /// Values in the layout and precision that a primitive chose: as a copy at every run, or as they lie if that is what is
    /// wanted.
    func prepared(
        _ values: UnsafeRawPointer, _ given: OneDNNLayout, as wanted: OneDNNLayout
    ) throws(CPUBackendError) -> Prepared {
        let source = try OneDNNMemory(given, engine, UnsafeMutableRawPointer(mutating: values))
        if wanted == given { return Prepared(memory: source) }
        let copy = try OneDNNPrimitive(reorderFrom: given, to: wanted, OneDNNAttributes(), engine)
        let memory = try OneDNNMemory(wanted, engine, nil)
        let call = OneDNNStep.Call(copy, [(DNNL_ARG_FROM, source), (DNNL_ARG_TO, memory)])
        return Prepared(memory: memory, calls: [call], between: [memory])
    }

    /// A weight in the layout and precision that a primitive chose, packed now if it never changes.
    func prepared(
        _ weight: Weight, _ given: OneDNNLayout, as wanted: OneDNNLayout
    ) throws(CPUBackendError) -> Prepared {
        guard case .fixed(let fixed) = weight else { return try prepared(weight.values, given, as: wanted) }
        let packed = try weights.weight(of: fixed.tensor, as: wanted) { () throws(CPUBackendError) in
            [try self.packed(weight.values, given, as: wanted)]
        }
        return Prepared(memory: try OneDNNMemory(wanted, engine, packed.memories[0].base), owned: [packed])
    }

    /// A copy in another layout.
    func packed(
        _ values: UnsafeRawPointer, _ given: OneDNNLayout, as wanted: OneDNNLayout
    ) throws(CPUBackendError) -> AlignedMemory {
        let packed = AlignedMemory(byteCount: wanted.byteCount)
        let source = try OneDNNMemory(given, engine, UnsafeMutableRawPointer(mutating: values))
        let copy = try OneDNNPrimitive(reorderFrom: given, to: wanted, OneDNNAttributes(), engine)
        var step = try OneDNNStep(
            engine,
            [.init(copy, [(DNNL_ARG_FROM, source), (DNNL_ARG_TO, try OneDNNMemory(wanted, engine, packed.base))])])
        let scratch = AlignedMemory(byteCount: step.scratchByteCount)
        try step.bind(scratch: scratch.base)
        try step.execute()
        return packed
    }
}
